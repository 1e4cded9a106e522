//! The door from outside: a browser with its cookies, a provider, a table.

mod provider;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use application::locked;
use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use domain::desk::Role;
use http::header::{CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;
use crate::testing::event;
use provider::{FakeProvider, KEY, PUBLISHED, Tables, claims, signed};

/// The function's own address, as registered at the provider.
const URL: &str = "https://api.example/v1/desk";

/// A browser at the door. What it is shown inside is the person's name.
struct Browser<'a> {
    door: Login<&'a Tables, &'a FakeProvider>,
    provider: &'a FakeProvider,
    cookies: BTreeMap<String, String>,
}

/// What the door said.
struct Said {
    welcome: Option<Session>,
    response: ApiGatewayProxyResponse,
}

impl Said {
    fn status(&self) -> i64 {
        self.response.status_code
    }

    fn html(&self) -> &str {
        match &self.response.body {
            Some(Body::Text(html)) => html,
            _ => "",
        }
    }

    fn location(&self) -> &str {
        self.response.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    fn cookies(&self) -> Vec<&str> {
        self.response.multi_value_headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }
}

fn secret() -> Value {
    json!({"issuer": provider::ISSUER, "client_id": "desk", "client_secret": "s+/", "url": URL})
}

impl<'a> Browser<'a> {
    fn new(tables: &'a Tables, provider: &'a FakeProvider) -> Self {
        Self::with(tables, provider, secret())
    }

    fn with(tables: &'a Tables, provider: &'a FakeProvider, secret: Value) -> Self {
        let claims = ClaimNames { groups: "cognito:groups".into(), office: "custom:office".into() };
        let door = Login::new(tables, provider, Arc::new(Secret::fixed(secret)), claims, false);
        Self { door, provider, cookies: BTreeMap::new() }
    }

    async fn ask(&mut self, mut of: Value) -> Said {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            of["headers"]["cookie"] = json!(cookies.join("; "));
        }
        let said = match self.door.admit(&Request::new(&event(of))).await {
            Admission::Welcome(session) => {
                Said { welcome: Some(session), response: Reply::page(String::new()).into_response() }
            }
            Admission::Answer(reply) => Said { welcome: None, response: reply.into_response() },
        };
        for cookie in said.cookies() {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        said
    }

    async fn get(&mut self, path: &str) -> Said {
        self.ask(json!({ "path": path })).await
    }

    /// Goes to the provider. The parameters that it is asked with.
    async fn begin(&mut self, back: &str) -> BTreeMap<String, String> {
        let said = self.ask(json!({"path": "/login", "query": {"back": [back]}})).await;
        assert_eq!(said.status(), 303, "{}", said.html());
        let address = url::Url::parse(said.location()).unwrap();
        assert!(address.as_str().starts_with("https://login.example/authorize?tenant=1&response_type=code&"));
        address.query_pairs().into_owned().collect()
    }

    /// Comes back from the provider, which says this of the person.
    async fn come_back(&mut self, asked: &BTreeMap<String, String>, changes: &Value) -> Said {
        let token = self.provider.sign(&claims(&asked["nonce"], changes));
        self.come_back_with(&asked["state"], token).await
    }

    async fn come_back_with(&mut self, state: &str, token: String) -> Said {
        *locked(&self.provider.token) = Some(token);
        self.ask(json!({"path": "/login/callback", "query": {"code": ["c-1"], "state": [state]}})).await
    }

    async fn log_in(&mut self, changes: &Value) -> Said {
        let asked = self.begin("").await;
        self.come_back(&asked, changes).await
    }

    async fn post(&mut self, path: &str, form: &str, headers: Value) -> Said {
        self.ask(json!({"path": path, "form": form, "headers": headers})).await
    }

    async fn session(&mut self) -> Option<Session> {
        self.get("/dossier").await.welcome
    }
}

#[tokio::test]
async fn a_person_logs_in_and_is_sent_back_to_the_page_that_was_wanted() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    let asked = browser.begin("dossier?code=0161701234").await;
    assert_eq!((asked["client_id"].as_str(), asked["scope"].as_str()), ("desk", "openid profile"));
    assert_eq!(asked["redirect_uri"], format!("{URL}/login/callback"));

    let said = browser.come_back(&asked, &json!({})).await;
    assert_eq!((said.status(), said.location()), (303, "https://api.example/v1/desk/dossier?code=0161701234"));
    let (fields, authorization) = locked(&provider.exchanged).clone();
    assert_eq!((fields["code"].as_str(), fields["redirect_uri"].as_str()), ("c-1", asked["redirect_uri"].as_str()));
    assert_eq!(secrets::challenge(&fields["code_verifier"]), asked["code_challenge"]);
    assert_eq!((asked["code_challenge_method"].as_str(), authorization.as_str()), ("S256", "Basic ZGVzazpzJTJCJTJG"));

    let session = browser.session().await.unwrap();
    let roles = vec![Role::Clerk];
    let office = Some("Sở Du lịch".to_owned());
    assert_eq!(session.staff, Staff { id: "person-1".into(), name: "Nguyễn Thị Lan".into(), roles, office });
    assert_eq!(session.leads_to, "https://login.example");
    assert_eq!(locked(&tables.audit).iter().map(|entry| entry.action).collect::<Vec<_>>(), [Action::LoggedIn]);
}

#[tokio::test]
async fn the_cookies_are_read_by_no_script_and_sent_to_no_other_host() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    browser.log_in(&json!({})).await;
    let mut other = Browser::new(&tables, &provider);
    let begun = other.get("/login").await;
    let asked: BTreeMap<String, String> =
        url::Url::parse(begun.location()).unwrap().query_pairs().into_owned().collect();
    let ended = other.come_back(&asked, &json!({})).await;
    let set: Vec<_> = [begun.cookies(), ended.cookies()].concat();
    assert_eq!(set.len(), 2);
    for (cookie, name) in set.iter().zip(["__Host-desk-login=", "__Host-desk="]) {
        assert!(cookie.starts_with(name), "{cookie}");
        for attribute in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age="] {
            assert!(cookie.contains(attribute) && !cookie.contains("Domain"), "{cookie} {attribute}");
        }
    }
}

#[tokio::test]
async fn whoever_reads_the_table_can_log_in_with_nothing_of_it() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    let asked = browser.begin("").await;
    let stored = |value: &str| locked(&tables.log_ins).keys().any(|key| key == value);
    assert!(!stored(&asked["state"]) && stored(&digest(&asked["state"])));
    browser.come_back(&asked, &json!({})).await;
    let id = browser.cookies["__Host-desk"].clone();
    assert_eq!(locked(&tables.sessions).keys().cloned().collect::<Vec<_>>(), [digest(&id)]);
    let key = digest(&id);
    browser.cookies.insert("__Host-desk".into(), key);
    assert!(browser.session().await.is_none(), "the key of the table is no cookie");
}

#[tokio::test]
async fn a_stranger_gets_the_log_in_page_at_every_path_and_nothing_else() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    let mut pages = Vec::new();
    for (method, path) in [
        ("GET", ""),
        ("GET", "/"),
        ("GET", "/dossier"),
        ("GET", "/nothing/here"),
        ("GET", "/logout"),
        ("POST", "/logout"),
        ("POST", "/phone"),
        ("POST", "/login"),
        ("PUT", "/dossier"),
        ("DELETE", ""),
        ("GET", "/login/other"),
        ("GET", "/../docs"),
    ] {
        let said = browser.ask(json!({"path": path, "method": method, "form": "code=1"})).await;
        assert!(said.welcome.is_none() && said.status() == 401 && said.cookies().is_empty(), "{method} {path}");
        // The addresses are relative, and name the page that was asked for.
        let html = said.html().replace("../", "");
        let (before, link) = html.split_once("desk/login").unwrap();
        let (_, after) = link.split_once('"').unwrap();
        pages.push(format!("{before}{after}"));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert!(pages[0].contains("Đăng nhập") && !pages[0].contains("Phiên làm việc đã kết thúc"));
    assert!(locked(&tables.log_ins).is_empty(), "a page writes nothing");
}

#[tokio::test]
async fn a_forged_an_ended_and_a_misspelt_session_are_one_answer() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    browser.log_in(&json!({})).await;
    let real = browser.cookies["__Host-desk"].clone();
    let token = browser.session().await.unwrap().token;
    browser.post("/logout", &format!("token={token}"), json!({})).await;
    let mut answers = Vec::new();
    for cookie in [real, secrets::random().unwrap()] {
        browser.cookies.insert("__Host-desk".into(), cookie);
        let said = browser.get("/dossier").await;
        assert!(said.status() == 401 && said.welcome.is_none());
        answers.push(said.html().to_owned());
    }
    assert!(answers[0] == answers[1] && answers[0].contains("Phiên làm việc đã kết thúc"));
    for cookie in ["", "x", "session#1", "../..", &"a".repeat(4_000)] {
        browser.cookies.insert("__Host-desk".into(), cookie.to_owned());
        tables.is_out.store(true, Ordering::SeqCst);
        assert_eq!(browser.get("/dossier").await.status(), 401, "no table is read for {cookie}");
        tables.is_out.store(false, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_session_ends_after_a_pause_and_at_the_end_of_the_day() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    browser.log_in(&json!({})).await;
    for minutes in (0..480).step_by(29) {
        tables.minutes.store(minutes, Ordering::SeqCst);
        assert!(browser.session().await.is_some(), "{minutes}");
    }
    tables.minutes.store(481, Ordering::SeqCst);
    assert!(browser.session().await.is_none(), "eight hours");

    tables.minutes.store(0, Ordering::SeqCst);
    browser.cookies.clear();
    browser.log_in(&json!({})).await;
    tables.minutes.store(31, Ordering::SeqCst);
    let said = browser.ask(json!({"path": "/dossier", "query": {"code": ["0161701234"]}})).await;
    assert!(said.welcome.is_none() && said.html().contains("login?back=dossier%3Fcode%3D0161701234"), "half an hour");
}

#[tokio::test]
async fn a_session_that_was_ended_is_not_opened_again_by_a_request_that_came_with_the_end() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    browser.log_in(&json!({})).await;
    let (key, session) = locked(&tables.sessions).drain().next().unwrap();
    tables.minutes.store(2, Ordering::SeqCst);
    assert!(!(&tables).seen(&key, (&tables).now()).await.unwrap());
    assert!(locked(&tables.sessions).is_empty() && !session.lasting.is_over((&tables).now()));
}

#[tokio::test]
async fn a_token_that_is_not_the_providers_for_this_log_in_lets_nobody_in() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let now = Utc::now().timestamp();
    for (what, changes) in [
        ("another issuer", json!({"iss": "https://evil.example/pool"})),
        ("no issuer", json!({"iss": null})),
        ("another client", json!({"aud": "other"})),
        ("no client", json!({"aud": null})),
        ("no client at all", json!({"aud": []})),
        ("made for another of two clients", json!({"aud": ["desk", "other"], "azp": "other"})),
        ("expired", json!({"exp": now - 120})),
        ("without an end", json!({"exp": null})),
        ("not valid yet", json!({"nbf": now + 600})),
        ("of another log-in", json!({"nonce": "n"})),
        ("of no log-in", json!({"nonce": null})),
        ("an access token", json!({"token_use": "access"})),
        ("of nobody", json!({"sub": null})),
    ] {
        let mut browser = Browser::new(&tables, &provider);
        let said = browser.log_in(&changes).await;
        assert_eq!(said.status(), 400, "{what}: {}", said.html());
        assert!(browser.session().await.is_none() && locked(&tables.sessions).is_empty(), "{what}");
    }
    let said = Browser::new(&tables, &provider).log_in(&json!({"aud": ["desk", "other"], "azp": "desk"})).await;
    assert_eq!(said.status(), 303, "and a good one does");
}

#[tokio::test]
async fn a_token_with_a_forged_signature_lets_nobody_in() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let stranger = rcgen::KeyPair::generate().unwrap();
    let unsigned = |header: &Value, nonce: &str| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(header), part(&claims(nonce, &json!({}))))
    };
    let by_public_key = |nonce: &str| {
        let key = EncodingKey::from_secret(provider.key.public_key_raw());
        let header = Header { kid: Some(KEY.to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims(nonce, &json!({})), &key).unwrap()
    };
    let by_published_key = |nonce: &str| {
        let header = Header { kid: Some(PUBLISHED.to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims(nonce, &json!({})), &EncodingKey::from_secret(PUBLISHED.as_bytes())).unwrap()
    };
    let good = |nonce: &str| provider.sign(&claims(nonce, &json!({})));
    let changed = |nonce: &str| {
        let (one, other) = (good(nonce), provider.sign(&claims(nonce, &json!({"cognito:groups": ["supervisor"]}))));
        let (one, other): (Vec<_>, Vec<_>) = (one.split('.').collect(), other.split('.').collect());
        [one[0], other[1], one[2]].join(".")
    };
    for (what, token) in [
        (
            "another's key of the same name",
            &(|nonce: &str| signed(&stranger, KEY, &claims(nonce, &json!({})))) as &dyn Fn(&str) -> String,
        ),
        ("a key that the provider has not", &|nonce| signed(&stranger, "key-2", &claims(nonce, &json!({})))),
        ("none", &|nonce| unsigned(&json!({"alg": "none", "kid": KEY}), nonce)),
        ("none, as ES256", &|nonce| unsigned(&json!({"alg": "ES256", "kid": KEY}), nonce)),
        ("a hash with the public key", &by_public_key),
        ("a hash with a key that everybody can read", &by_published_key),
        ("of other claims", &changed),
        ("no token", &|_| "a.b".to_owned()),
    ] {
        let mut browser = Browser::new(&tables, &provider);
        let asked = browser.begin("").await;
        let said = browser.come_back_with(&asked["state"], token(&asked["nonce"])).await;
        assert!(said.status() == 400 && browser.session().await.is_none(), "{what}: {}", said.html());
    }
    assert!(locked(&tables.sessions).is_empty() && locked(&tables.audit).is_empty());
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_make_us_read_the_keys_at_most_once_in_half_a_minute() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let stranger = rcgen::KeyPair::generate().unwrap();
    let mut browser = Browser::new(&tables, &provider);
    for (after, reads) in [(0, 1), (0, 1), (29, 1), (1, 2), (1, 2)] {
        tokio::time::advance(std::time::Duration::from_secs(after)).await;
        let asked = browser.begin("").await;
        let token = signed(&stranger, "key-2", &claims(&asked["nonce"], &json!({})));
        assert_eq!(browser.come_back_with(&asked["state"], token).await.status(), 400);
        assert_eq!(provider.keys_read.load(Ordering::SeqCst), reads, "{after} s later");
    }
}

#[tokio::test]
async fn an_answer_of_the_provider_is_good_once_in_time_and_in_the_browser_that_began() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let (mut browser, mut other) = (Browser::new(&tables, &provider), Browser::new(&tables, &provider));
    let asked = browser.begin("").await;
    other.begin("").await;
    let said = other.come_back(&asked, &json!({})).await;
    assert!(
        said.status() == 400 && said.html().contains("trình duyệt khác"),
        "another browser: a log-in with the attacker's account"
    );
    assert_eq!(browser.come_back(&asked, &json!({})).await.status(), 400, "used up by it");

    let asked = browser.begin("").await;
    assert_eq!(browser.come_back(&asked, &json!({})).await.status(), 303);
    assert_eq!(browser.come_back(&asked, &json!({})).await.status(), 400, "twice");

    let asked = {
        let token = browser.session().await.unwrap().token;
        browser.post("/logout", &format!("token={token}"), json!({})).await;
        browser.begin("").await
    };
    tables.minutes.store(10, Ordering::SeqCst);
    assert_eq!(browser.come_back(&asked, &json!({})).await.status(), 400, "late");

    for query in
        [json!({}), json!({"code": ["c"]}), json!({"state": ["s"]}), json!({"code": ["c"], "state": ["s", "s"]})]
    {
        let said = browser.ask(json!({"path": "/login/callback", "query": query})).await;
        assert!(said.status() == 400 && said.cookies().is_empty());
    }
}

#[tokio::test]
async fn two_tabs_can_log_in_at_once() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    let (one, other) = (browser.begin("dossier").await, browser.begin("phone").await);
    assert!(browser.come_back(&one, &json!({})).await.location().ends_with("/dossier"));
    assert!(browser.come_back(&other, &json!({})).await.location().ends_with("/phone"));
    assert!(browser.session().await.is_some() && locked(&tables.sessions).len() == 1, "the first session ended");
}

#[tokio::test]
async fn a_log_in_that_the_provider_did_not_complete_says_so() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    let asked = browser.begin("").await;
    let query = json!({"error": ["access_denied"], "error_description": ["<script>"], "state": [asked["state"]]});
    let said = browser.ask(json!({"path": "/login/callback", "query": query})).await;
    assert!(
        said.status() == 400 && said.html().contains("Đăng nhập chưa thành công") && !said.html().contains("script")
    );

    let asked = browser.begin("").await;
    *locked(&provider.token) = None;
    let query = json!({"code": ["used"], "state": [asked["state"]]});
    let said = browser.ask(json!({"path": "/login/callback", "query": query})).await;
    assert_eq!(said.status(), 400, "the provider refused the code");
}

#[tokio::test]
async fn a_person_in_none_of_the_groups_is_told_so_and_not_let_in() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    let said = browser.log_in(&json!({"cognito:groups": ["admins"]})).await;
    assert!(said.status() == 403 && said.html().contains("chưa được phân nhóm"), "{}", said.html());
    assert!(browser.session().await.is_none() && locked(&tables.sessions).is_empty());
    assert_eq!(locked(&tables.audit)[0].action, Action::WasRefused);
}

#[tokio::test]
async fn a_person_whose_office_is_unclear_is_told_so_and_not_let_in() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    let said = browser.log_in(&json!({"custom:office": ["Sở Y tế", "Sở Du lịch"]})).await;
    assert!(said.status() == 403 && said.html().contains("ghi cơ quan chưa đúng"), "{}", said.html());
    assert!(browser.session().await.is_none() && locked(&tables.sessions).is_empty());
    assert_eq!(locked(&tables.audit)[0].action, Action::WasRefused);
}

#[tokio::test]
async fn the_next_person_at_a_pc_is_asked_for_a_password_although_the_provider_knows_the_last() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    assert_eq!(Browser::new(&tables, &provider).begin("").await["prompt"], "login");
    let now = Utc::now().timestamp();
    for (auth_time, is_in) in [(now - 1_800, false), (now - 90, false), (now - 30, true), (now, true)] {
        let mut browser = Browser::new(&tables, &provider);
        let said = browser.log_in(&json!({"auth_time": auth_time})).await;
        assert_eq!(said.status(), 303);
        assert_eq!(said.location().starts_with("https://login.example/logout?"), !is_in, "{}", said.location());
        assert_eq!(browser.session().await.is_some(), is_in, "{}", now - auth_time);
    }
    let mut other = Browser::new(&tables, &provider);
    other.log_in(&json!({"auth_time": "yesterday"})).await;
    assert!(other.session().await.is_none());
}

#[tokio::test]
async fn a_form_counts_only_with_the_token_of_its_session_and_from_our_own_page() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let (mut browser, mut other) = (Browser::new(&tables, &provider), Browser::new(&tables, &provider));
    browser.log_in(&json!({})).await;
    other.log_in(&json!({})).await;
    let (token, others) = (browser.session().await.unwrap().token, other.session().await.unwrap().token);
    let ours = json!({"origin": "https://api.example"});
    for (form, headers, is_genuine) in [
        (format!("token={token}"), ours.clone(), true),
        (format!("token={token}"), json!({}), true),
        (format!("token={token}"), json!({"origin": "https://evil.example"}), false),
        (format!("token={token}"), json!({"origin": "https://api.example.evil.example"}), false),
        (format!("token={token}"), json!({"origin": "null"}), false),
        (format!("token={others}"), ours.clone(), false),
        (format!("token={token}&token={token}"), ours.clone(), false),
        (format!("token={}", &token[1..]), ours.clone(), false),
        ("token=".to_owned(), ours.clone(), false),
        (String::new(), ours.clone(), false),
    ] {
        let said = browser.post("/dossier", &form, headers.clone()).await;
        assert_eq!(said.welcome.is_some(), is_genuine, "{form} {headers}");
        if !is_genuine {
            assert!(said.status() == 403 && said.html().contains("chưa thực hiện gì"), "{form} {headers}");
        }
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        let said = browser.ask(json!({"path": "/dossier", "method": method})).await;
        assert!(said.welcome.is_none() && said.status() == 403, "{method}");
    }
}

#[tokio::test]
async fn a_form_that_is_too_long_is_let_in_unread_from_our_own_page_only() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    browser.log_in(&json!({})).await;
    let form = format!("token=x&file={}", "x".repeat(crate::LONGEST_BODY));
    assert!(browser.post("/operator", &form, json!({"origin": "https://api.example"})).await.welcome.is_some());
    assert!(browser.post("/operator", &form, json!({"origin": "https://evil.example"})).await.welcome.is_none());
    assert!(browser.post("/calls", &form, json!({"origin": "https://api.example"})).await.welcome.is_none());
}

#[tokio::test]
async fn a_log_out_ends_the_session_here_and_at_the_provider() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    browser.log_in(&json!({})).await;
    let stolen = browser.cookies["__Host-desk"].clone();
    let token = browser.session().await.unwrap().token;
    assert_eq!(browser.post("/logout", "token=x", json!({})).await.status(), 403);
    assert_eq!(browser.get("/logout").await.location(), "../desk", "an address ends nothing");
    assert!(browser.session().await.is_some());

    let said = browser.post("/logout", &format!("token={token}"), json!({})).await;
    let to = url::Url::parse(said.location()).unwrap();
    assert_eq!((to.host_str(), to.path()), (Some("login.example"), "/logout"));
    let asked: BTreeMap<_, _> = to.query_pairs().into_owned().collect();
    assert_eq!((asked["client_id"].as_str(), asked["logout_uri"].as_str()), ("desk", URL));
    assert!(said.cookies()[0].starts_with("__Host-desk=; Path=/; Max-Age=0"));
    browser.cookies.insert("__Host-desk".into(), stolen);
    assert!(browser.session().await.is_none());
    let actions: Vec<_> = locked(&tables.audit).iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [Action::LoggedIn, Action::LoggedOut]);
}

#[tokio::test]
async fn a_log_out_works_while_the_provider_is_out_of_order() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    browser.log_in(&json!({})).await;
    let token = browser.session().await.unwrap().token;
    let cookies = browser.cookies.clone();
    let mut restarted = Browser::new(&tables, &provider);
    restarted.cookies = cookies;
    provider.is_out.store(true, Ordering::SeqCst);
    let said = restarted.post("/logout", &format!("token={token}"), json!({})).await;
    assert_eq!((said.status(), said.location()), (303, "../desk"));
    assert!(locked(&tables.sessions).is_empty());
}

#[tokio::test]
async fn what_is_out_of_order_lets_nobody_in() {
    let (tables, provider) = (Tables::default(), FakeProvider::new());
    let mut browser = Browser::new(&tables, &provider);
    provider.is_out.store(true, Ordering::SeqCst);
    let said = browser.get("/login").await;
    assert!(said.status() == 503 && said.html().contains("Hệ thống đăng nhập tạm thời không trả lời"));
    provider.is_out.store(false, Ordering::SeqCst);

    browser.log_in(&json!({})).await;
    tables.is_out.store(true, Ordering::SeqCst);
    assert_eq!(browser.get("/dossier").await.status(), 503, "the table");
    tables.is_out.store(false, Ordering::SeqCst);

    for broken in [json!({}), json!({"issuer": provider::ISSUER, "client_id": "desk", "url": "http://api.example"})] {
        let said = Browser::with(&tables, &provider, broken).get("").await;
        assert!(said.status() == 503 && said.welcome.is_none(), "the secret");
    }
    let mut other = secret();
    other["issuer"] = json!("https://id.example/pool/");
    assert_eq!(
        Browser::with(&tables, &provider, other).get("/login").await.status(),
        303,
        "a slash makes no other issuer"
    );
}

#[tokio::test]
async fn a_page_of_a_session_may_send_forms_to_the_providers_log_out_and_to_nobody_else() {
    let policy = |reply: Reply| {
        let response = reply.into_response();
        response.headers[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    };
    let page = || Reply::page(String::new());
    assert!(policy(page()).contains("form-action 'self';"));
    assert!(policy(page().leading_to("https://login.example")).contains("form-action 'self' https://login.example;"));
    for part in ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy(page()).contains(part));
    }
    assert!(!policy(page()).contains("unsafe") && !policy(page()).contains("script-src"));
}
