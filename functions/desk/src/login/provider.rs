//! The identity provider: its description, its keys, and the exchange of a code for an identity token.

use std::sync::Arc;
use std::time::Duration;

use adapters::https::{Failure, private};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::byte_serialize;
use http::Uri;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::account::{Account, origin};
use super::token::{self, BadToken, Claims};
use super::web::Web;

/// How long what the provider says of itself is used.
const GOOD_FOR: Duration = Duration::from_secs(3_600);
/// How often a token with an unknown key may make us read the keys again.
const KEYS_AT_MOST_EVERY: Duration = Duration::from_secs(30);

/// Why it is not known who the person is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoIdentity {
    #[error("the provider does not answer: {0}")]
    Unreachable(#[from] Failure),
    #[error("the provider answered {status} to {question}")]
    Unexpected { question: &'static str, status: u16 },
    #[error("what the provider says of itself cannot be used: {0}")]
    Description(&'static str),
    /// Used, expired, of another client or of another verifier.
    #[error("the provider refused the code")]
    CodeRefused,
    /// The person cancelled it, or may not use the desk.
    #[error("the provider did not complete the log-in")]
    NotCompleted,
    #[error("the identity token is not valid: {0}")]
    Token(#[from] BadToken),
    #[error(transparent)]
    Randomness(#[from] super::secrets::NoRandomness),
}

impl NoIdentity {
    /// Whether trying again is all that can be said. Otherwise the provider or its account is out of order.
    pub fn is_of_the_person(&self) -> bool {
        matches!(self, Self::CodeRefused | Self::NotCompleted | Self::Token(_))
    }
}

/// The members of the provider's description that we use. OpenID Connect Discovery 1.0, section 3.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Description {
    issuer: String,
    pub authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    end_session_endpoint: Option<String>,
}

#[derive(Default)]
struct Known {
    description: Option<(Instant, String, Arc<Description>)>,
    keys: Option<(Instant, String, Arc<Vec<Jwk>>)>,
}

pub(super) struct Provider<W> {
    web: W,
    known: Mutex<Known>,
}

impl<W: Web> Provider<W> {
    pub fn new(web: W) -> Self {
        Self { web, known: Mutex::default() }
    }

    pub async fn description(&self, account: &Account) -> Result<Arc<Description>, NoIdentity> {
        let mut known = self.known.lock().await;
        if let Some((at, issuer, description)) = &known.description
            && at.elapsed() < GOOD_FOR
            && *issuer == account.issuer
        {
            return Ok(description.clone());
        }
        let description: Description = self.read("its description", &account.discovery()).await?;
        // Otherwise one provider could answer for another. OpenID Connect Discovery 1.0, section 4.3.
        if description.issuer.trim_end_matches('/') != account.issuer {
            return Err(NoIdentity::Description("its issuer is another"));
        }
        let description = Arc::new(description);
        known.description = Some((Instant::now(), account.issuer.clone(), description.clone()));
        Ok(description)
    }

    /// Who logged in: exchanges the code, and checks the identity token.
    pub async fn identity(
        &self,
        account: &Account,
        code: &str,
        verifier: &str,
        nonce: &str,
    ) -> Result<Claims, NoIdentity> {
        let description = self.description(account).await?;
        let token = self.exchange(account, &description, code, verifier).await?;
        let key = self.key(&description, token::key_id(&token)?.as_deref()).await?;
        Ok(token::verified(&token, &key, &description.issuer, &account.client_id, nonce)?)
    }

    /// Origin of the page on which a person logs out of the provider; empty if it has none.
    pub async fn leads_to(&self, account: &Account) -> Result<String, NoIdentity> {
        Ok(self.description(account).await?.end_session_endpoint.as_deref().map(origin).unwrap_or_default())
    }

    /// Where a person logs out of the provider, and comes back from to the log-in page.
    ///
    /// `logout_uri` is Cognito's name for `post_logout_redirect_uri` (OpenID Connect RP-Initiated Logout 1.0).
    pub async fn log_out_address(&self, account: &Account) -> Result<String, NoIdentity> {
        let description = self.description(account).await?;
        let Some(page) = &description.end_session_endpoint else { return Ok(account.url().to_owned()) };
        let url = account.url();
        let parameters =
            [("client_id", account.client_id.as_str()), ("logout_uri", url), ("post_logout_redirect_uri", url)];
        Ok(with_query(page, &parameters))
    }

    async fn exchange(
        &self,
        account: &Account,
        description: &Description,
        code: &str,
        verifier: &str,
    ) -> Result<String, NoIdentity> {
        let callback = account.callback();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &callback),
            ("code_verifier", verifier),
        ];
        let authorization = account.client_secret.as_ref().map(|secret| basic(&account.client_id, secret));
        if authorization.is_none() {
            fields.push(("client_id", &account.client_id));
        }
        let endpoint = address(&description.token_endpoint)?;
        match self.web.post_form(&endpoint, &fields, &authorization.unwrap_or_default()).await? {
            (200, answer) => {
                let token = answer["id_token"].as_str().map(str::to_owned);
                token.ok_or(NoIdentity::Description("its answer has no identity token"))
            }
            (400, answer) if answer["error"] == "invalid_grant" => Err(NoIdentity::CodeRefused),
            (status, _) => Err(NoIdentity::Unexpected { question: "the exchange of a code", status }),
        }
    }

    /// The key of that id; without an id, the only one.
    async fn key(&self, description: &Description, id: Option<&str>) -> Result<Jwk, NoIdentity> {
        let mut known = self.known.lock().await;
        if let Some((at, of, keys)) = &known.keys
            && at.elapsed() < GOOD_FOR
            && *of == description.jwks_uri
        {
            match (chosen(keys, id), at.elapsed() < KEYS_AT_MOST_EVERY) {
                (Some(key), _) => return Ok(key),
                (None, true) => return Err(BadToken::UnknownKey.into()),
                (None, false) => {}
            }
        }
        let set: Keys = self.read("its keys", &description.jwks_uri).await?;
        // A key of a kind that we do not know must not hide the others.
        let keys: Vec<_> = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()).collect();
        let key = chosen(&keys, id);
        known.keys = Some((Instant::now(), description.jwks_uri.clone(), Arc::new(keys)));
        key.ok_or(BadToken::UnknownKey.into())
    }

    async fn read<T: DeserializeOwned>(&self, question: &'static str, at: &str) -> Result<T, NoIdentity> {
        let (status, text) = self.web.get(&address(at)?).await?;
        if status != 200 {
            return Err(NoIdentity::Unexpected { question, status });
        }
        serde_json::from_str(&text).map_err(|_| NoIdentity::Description(question))
    }
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

fn chosen(keys: &[Jwk], id: Option<&str>) -> Option<Jwk> {
    match (id, keys) {
        (Some(id), keys) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(id)).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// RFC 6749, section 2.3.1: both are form-encoded first.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

fn address(url: &str) -> Result<Uri, NoIdentity> {
    private(url).ok_or(NoIdentity::Description("an address of it has no https"))
}

/// The address with these parameters, besides those that it has.
pub(super) fn with_query(address: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{address}{}{query}", if address.contains('?') { '&' } else { '?' })
}
