//! The identity token: a JSON Web Token that the provider signed, for this client, for this log-in, and not long ago.
//! OpenID Connect Core 1.0, section 3.1.3.7.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::secrets::same;

/// What the provider says of a person.
pub(super) type Claims = Map<String, Value>;

/// Signatures by a private key of the provider. With any other algorithm a token could be signed by what is public.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];

/// How far the provider's clock and ours may differ, in seconds.
const LEEWAY: u64 = 60;

/// Why a token says nothing. It is never quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadToken {
    #[error("it is not a token, or signed in a way that is not accepted")]
    NotAToken,
    #[error("its key is not among the provider's")]
    UnknownKey,
    #[error("{0}")]
    Invalid(String),
    #[error("it is of another log-in")]
    OtherLogIn,
    #[error("it is not an identity token of this client")]
    OtherUse,
}

/// The id of the key that signed it; nothing of it is checked yet.
pub(super) fn key_id(token: &str) -> Result<Option<String>, BadToken> {
    decode_header(token).map(|header| header.kid).map_err(|_| BadToken::NotAToken)
}

/// Whether the person typed a password, or the like, in the log-in that began then. A provider that does not say when leaves
/// it open.
pub(super) fn is_fresh(claims: &Claims, began: DateTime<Utc>) -> bool {
    let earliest = began.timestamp() - LEEWAY as i64;
    claims.get("auth_time").is_none_or(|at| at.as_f64().is_some_and(|at| at >= earliest as f64))
}

/// The claims of a token that is valid.
pub(super) fn verified(token: &str, key: &Jwk, issuer: &str, client: &str, nonce: &str) -> Result<Claims, BadToken> {
    let algorithm = decode_header(token).map_err(|_| BadToken::NotAToken)?.alg;
    if !ALGORITHMS.contains(&algorithm) {
        return Err(BadToken::NotAToken);
    }
    let key = DecodingKey::from_jwk(key).map_err(|_| BadToken::UnknownKey)?;
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[client]);
    // Without this list a token that leaves one of them out would pass.
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY;
    let claims =
        decode::<Claims>(token, &key, &validation).map_err(|error| BadToken::Invalid(error.to_string()))?.claims;
    if !claims.get("nonce").and_then(Value::as_str).is_some_and(|given| same(given, nonce)) {
        return Err(BadToken::OtherLogIn);
    }
    // `azp`: the client it was made for, if there are several audiences. `token_use`: Cognito's, since its access tokens have
    // the same keys.
    let is = |name: &str, value: &str| claims.get(name).is_none_or(|claim| claim == value);
    if !is("azp", client) || !is("token_use", "id") {
        return Err(BadToken::OtherUse);
    }
    Ok(claims)
}
