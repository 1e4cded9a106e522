//! Random secrets, and what is computed from them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Bytes of a secret.
const LENGTH: usize = 32;

/// No randomness: the kernel gave none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the system has no random bytes: {why}")]
pub(super) struct NoRandomness {
    why: String,
}

/// 256 random bits, as 43 letters, digits, hyphens and underscores: also what PKCE requires of a verifier.
pub(super) fn random() -> Result<String, NoRandomness> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness { why: error.to_string() })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether it can be one of ours.
pub(super) fn is_secret(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == LENGTH)
}

/// Under which a secret is kept in the table.
pub(super) fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// PKCE's S256 (RFC 7636, section 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The token of a session's forms. It follows from the session's id, which only the browser has, and does not show it.
pub(super) fn form_token(session: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("form of {session}")))
}

/// In constant time for texts of the same length.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_secret_is_long_and_never_the_same() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert!(one != other && is_secret(&one) && one.len() == 43);
        for no_secret in
            ["", "a", &one[1..], &format!("{one}a"), &one.replace(&one[..1], "é"), "../../../../etc/passwd"]
        {
            assert!(!is_secret(no_secret), "{no_secret}");
        }
    }

    #[test]
    fn a_token_is_of_one_session_and_shows_nothing_of_it() {
        let id = random().unwrap();
        let token = form_token(&id);
        assert!(same(&token, &form_token(&id)) && !same(&token, &form_token(&random().unwrap())));
        assert!(token != id && token != digest(&id));
    }
}
