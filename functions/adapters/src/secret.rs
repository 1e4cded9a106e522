//! A secret of Secrets Manager, cached for a few minutes. It is in no log and no `Debug` output.
//!
//! A signature that does not match the cached secret may be made with a newer one, so a mismatch fetches the secret
//! again. A forged request cannot be distinguished from that: such requests cause at most one fetch in 30 seconds,
//! successful or not, however many arrive and however many at once.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::locked;
use aws_sdk_secretsmanager::Client;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

use crate::aws::{LazyClient, after_next};

/// How long a fetched secret is valid.
const GOOD_FOR: Duration = Duration::from_secs(300);
/// How often a mismatch may cause a fetch.
const REFETCH_AT_MOST_EVERY: Duration = Duration::from_secs(30);
/// How long a failed fetch is the answer, if there is no cached secret.
const FAILED_FOR: Duration = Duration::from_secs(5);

/// The secret is not available: requests are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager did not return it.
    #[error("secret {id} cannot be fetched: {why}")]
    Unavailable {
        /// Its name or ARN.
        id: String,
        /// The client's error text.
        why: String,
    },
    /// It is not a JSON object.
    #[error("secret {id} must be a JSON object")]
    NotJson {
        /// Its name or ARN.
        id: String,
    },
}

type Fetched = Result<Arc<Value>, SecretError>;

/// The source of a secret.
pub trait SecretSource: Send + Sync {
    /// The secret's current JSON object.
    fn fetch(&self) -> BoxFuture<'_, Result<Value, SecretError>>;
}

/// A secret's JSON object, fetched when it is first needed.
pub struct Secret {
    source: Box<dyn SecretSource>,
    known: Mutex<Known>,
    fetching: tokio::sync::Mutex<()>,
}

/// The results of the fetches so far.
#[derive(Default)]
struct Known {
    value: Option<(Instant, Arc<Value>)>,
    last_fetch: Option<(Instant, Result<(), SecretError>)>,
}

impl Secret {
    /// The secret with that name or ARN.
    pub fn new(client: LazyClient<Client>, id: String) -> Self {
        Self::of(SecretsManager { client, id })
    }

    /// A secret from another source.
    pub fn of(source: impl SecretSource + 'static) -> Self {
        Self { source: Box::new(source), known: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// A constant secret: for tests.
    pub fn fixed(value: Value) -> Self {
        Self::of(Fixed(value))
    }

    /// The secret, at most five minutes old.
    pub async fn get(&self) -> Result<Arc<Value>, SecretError> {
        self.fetched_unless(Known::while_good).await
    }

    /// Fetches the secret while the function waits for the first event. If that fails, or the sandbox is frozen
    /// meanwhile, the first [`Secret::get`] fetches it.
    pub async fn fetch_ahead(&self) {
        after_next().await;
        let _guard = self.fetching.lock().await;
        if locked(&self.known).last_fetch.is_some() {
            return; // the first event was quicker
        }
        if let Ok(fetched) = self.source.fetch().await.map(Arc::new) {
            locked(&self.known).store(&Ok(fetched));
        }
    }

    /// The secret after a mismatch: fetched again, unless that was tried recently.
    pub async fn refresh(&self) -> Result<Arc<Value>, SecretError> {
        self.fetched_unless(Known::since_a_moment).await
    }

    /// One fetch at a time: a caller that waited for another's fetch checks `known` again.
    async fn fetched_unless(&self, known: fn(&Known) -> Option<Fetched>) -> Fetched {
        let ask = || known(&locked(&self.known));
        if let Some(answer) = ask() {
            return answer;
        }
        let _guard = self.fetching.lock().await;
        if let Some(answer) = ask() {
            return answer;
        }
        let fetched = self.source.fetch().await.map(Arc::new);
        locked(&self.known).store(&fetched);
        fetched
    }
}

impl Known {
    fn store(&mut self, fetched: &Fetched) {
        let now = Instant::now();
        self.last_fetch = Some((now, fetched.as_ref().map(|_| ()).map_err(Clone::clone)));
        if let Ok(value) = fetched {
            self.value = Some((now, value.clone()));
        }
    }

    /// The cached secret if it is valid; otherwise a recent failure.
    fn while_good(&self) -> Option<Fetched> {
        let good = self.value.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR);
        good.map(|(_, value)| Ok(value.clone())).or_else(|| self.failure())
    }

    /// The same, but only if a fetch was tried recently, successful or not.
    fn since_a_moment(&self) -> Option<Fetched> {
        let recent = self.last_fetch.as_ref().is_some_and(|(at, _)| at.elapsed() < REFETCH_AT_MOST_EVERY);
        if recent { self.while_good() } else { None }
    }

    fn failure(&self) -> Option<Fetched> {
        let (at, outcome) = self.last_fetch.as_ref()?;
        outcome.as_ref().err().filter(|_| at.elapsed() < FAILED_FOR).map(|error| Err(error.clone()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

struct SecretsManager {
    client: LazyClient<Client>,
    id: String,
}

impl SecretSource for SecretsManager {
    fn fetch(&self) -> BoxFuture<'_, Result<Value, SecretError>> {
        async {
            let id = || self.id.clone();
            let fetched = self.client.get_secret_value().secret_id(&self.id).send().await;
            let fetched =
                fetched.map_err(|error| SecretError::Unavailable { id: id(), why: crate::aws::error_chain(&error) })?;
            let value = serde_json::from_str(fetched.secret_string().unwrap_or_default()).ok();
            value.filter(Value::is_object).ok_or_else(|| SecretError::NotJson { id: id() })
        }
        .boxed()
    }
}

struct Fixed(Value);

impl SecretSource for Fixed {
    fn fetch(&self) -> BoxFuture<'_, Result<Value, SecretError>> {
        futures::future::ready(Ok(self.0.clone())).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Counts its fetches. Each takes 100 ms and returns a new key. It can be made to fail.
    #[derive(Default)]
    struct Counting {
        fetches: AtomicU32,
        broken: std::sync::atomic::AtomicBool,
    }

    impl SecretSource for Arc<Counting> {
        fn fetch(&self) -> BoxFuture<'_, Result<Value, SecretError>> {
            async {
                let fetches = self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
                if self.broken.load(Ordering::SeqCst) { Err(broken()) } else { Ok(json!({"current": fetches})) }
            }
            .boxed()
        }
    }

    fn broken() -> SecretError {
        SecretError::Unavailable { id: "s".into(), why: "out of order".into() }
    }

    fn counting() -> (Arc<Counting>, Secret) {
        let source = Arc::new(Counting::default());
        (source.clone(), Secret::of(source))
    }

    fn fetches(source: &Counting) -> u32 {
        source.fetches.load(Ordering::SeqCst)
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_secret_is_good_for_five_minutes_and_then_fetched_anew() {
        let (source, secret) = counting();
        for (after, fetched) in [(0, 1), (150, 1), (149, 1), (1, 2)] {
            pass(after).await;
            assert_eq!(*secret.get().await.unwrap(), json!({"current": fetched}));
            assert_eq!(fetches(&source), fetched);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_secret_fetched_ahead_serves_the_first_event_and_is_fetched_once() {
        let (source, secret) = counting();
        let (_, first) = tokio::join!(secret.fetch_ahead(), secret.get());
        assert_eq!(*first.unwrap(), json!({"current": 1}));
        let began = Instant::now();
        secret.fetch_ahead().await;
        secret.get().await.unwrap();
        assert_eq!((fetches(&source), began.elapsed()), (1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_ahead_that_fails_is_no_answer_to_the_first_event() {
        let (source, secret) = counting();
        source.broken.store(true, Ordering::SeqCst);
        secret.fetch_ahead().await;
        source.broken.store(false, Ordering::SeqCst);
        assert_eq!(*secret.get().await.unwrap(), json!({"current": 2}));
    }

    #[tokio::test(start_paused = true)]
    async fn a_mismatch_fetches_again_at_most_once_in_half_a_minute() {
        let (source, secret) = counting();
        secret.get().await.unwrap();
        for (after, fetched) in [(0, 1), (29, 1), (1, 2), (15, 2), (14, 2), (1, 3)] {
            pass(after).await;
            assert_eq!(*secret.refresh().await.unwrap(), json!({"current": fetched}), "{after} s later");
            assert_eq!(fetches(&source), fetched);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_forged_requests_in_ten_minutes_cause_at_most_twenty_one_fetches() {
        let (source, secret) = counting();
        for _ in 0..100 {
            futures::future::join_all((0..100).map(|_| async {
                secret.get().await.unwrap();
                secret.refresh().await.unwrap();
            }))
            .await;
            pass(6).await;
        }
        assert!((2..=21).contains(&fetches(&source)), "{}", fetches(&source));
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_ask_at_once_share_one_fetch() {
        let (source, secret) = counting();
        let first = futures::future::join_all((0..50).map(|_| secret.get())).await;
        assert!(first.iter().all(|value| **value.as_ref().unwrap() == json!({"current": 1})));
        pass(30).await;
        let again = futures::future::join_all((0..50).map(|_| secret.refresh())).await;
        assert!(again.iter().all(|value| **value.as_ref().unwrap() == json!({"current": 2})));
        assert_eq!(fetches(&source), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_valid_secret_does_not_wait_for_anothers_fetch() {
        let (_, secret) = counting();
        secret.get().await.unwrap();
        pass(30).await;
        let began = Instant::now();
        let (again, at) = tokio::join!(secret.refresh(), async {
            tokio::task::yield_now().await;
            secret.get().await.unwrap();
            began.elapsed()
        });
        assert_eq!((*again.unwrap() == json!({"current": 2}), at), (true, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_secret_every_caller_is_refused_and_fetches_stay_few() {
        let (source, secret) = counting();
        source.broken.store(true, Ordering::SeqCst);
        for (after, fetched) in [(0, 1), (0, 1), (4, 1), (1, 2), (5, 3)] {
            pass(after).await;
            assert_eq!(secret.get().await, Err(broken()));
            assert_eq!(fetches(&source), fetched);
        }
        source.broken.store(false, Ordering::SeqCst);
        pass(5).await;
        assert_eq!(*secret.get().await.unwrap(), json!({"current": 4}), "and none must be restarted");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_fetch_counts_like_another_and_what_was_known_is_good_until_its_time() {
        let (source, secret) = counting();
        secret.get().await.unwrap();
        source.broken.store(true, Ordering::SeqCst);
        pass(200).await;
        assert_eq!(secret.refresh().await, Err(broken()), "it is unknown whether the key was a new one");
        assert_eq!(fetches(&source), 2);
        for _ in 0..2 {
            assert_eq!(*secret.refresh().await.unwrap(), json!({"current": 1}), "not again so soon");
            pass(29).await;
        }
        assert_eq!(*secret.get().await.unwrap(), json!({"current": 1}));
        assert_eq!(fetches(&source), 2);
        pass(50).await;
        assert_eq!(secret.get().await, Err(broken()), "five minutes are over: closed");
    }
}
