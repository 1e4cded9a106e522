//! Why a request of a gateway is refused.

/// Why a request is refused. The log says it, the answer does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no gateway of that name")]
    NoSuchGateway,
    #[error("the secret has no member for this gateway, or not a complete one")]
    NotConfigured,
    #[error("the credentials are missing or wrong")]
    WrongCredentials,
    #[error("the address is not among those the gateway calls from")]
    WrongAddress,
    #[error("the message id came before, with another text or sender")]
    UsedId,
}
