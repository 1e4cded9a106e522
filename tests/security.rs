//! Compares docs/security.md with the repository: every named test and setting exists, and the template keeps its
//! secrets out of logs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../docs/security.md");
const TEMPLATE: &str = include_str!("../template.yaml");

/// Every function of every source file, tests among them.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py") {
            let source = fs::read_to_string(&path).expect("source in UTF-8");
            for opening in ["fn ", "def "] {
                found.extend(source.split(opening).skip(1).map(|rest| name(rest).to_owned()));
            }
        }
    }
}

fn name(rest: &str) -> &str {
    rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap_or_default()
}

/// Words in backticks that look like a test's name: `some_words_like_this`.
fn tests_named(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.matches('_').count() >= 3 && name(word) == *word).collect()
}

fn rows(heading: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once(heading).unwrap_or_else(|| panic!("docs/security.md has no {heading}"));
    let table = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    table.skip(2).collect()
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root");
    let mut found = BTreeSet::new();
    for folder in ["functions", "tests"] {
        functions(&root.join(folder), &mut found);
    }
    let named = tests_named(PAGE);
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.into_iter().filter(|test| !found.contains(*test)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_threat_names_a_test() {
    let threats = rows("## Threats");
    assert!(threats.len() >= 11);
    for threat in threats {
        assert!(!tests_named(threat).is_empty(), "{threat}");
    }
}

#[test]
fn every_retention_names_its_parameter_or_its_line_of_the_template() {
    for row in rows("## What is kept, and for how long") {
        let settings: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        let is_there = |setting: &&str| TEMPLATE.contains(&format!("{setting}:")) || TEMPLATE.contains(*setting);
        assert!(settings.iter().any(is_there) || row.contains("Not ours"), "{row}");
    }
}

/// "No query string and no caller's number": a gateway puts the citizen's phone and text into its URL.
#[test]
fn api_gateway_writes_no_url_into_a_log_or_a_trace() {
    let format = TEMPLATE.lines().find(|line| line.trim().starts_with("Format:")).expect("the access log's format");
    for url in ["$context.path\"", "querystring", "identity", "$context.requestOverride", "integration"] {
        assert!(!format.contains(url), "{url}");
    }
    assert!(!TEMPLATE.contains("TracingEnabled: true"), "API Gateway's traces hold the URL");
    assert!(TEMPLATE.contains("DataTraceEnabled: false") && TEMPLATE.contains("LoggingLevel: \"OFF\""));
}

/// Lambda's own traces contain names of functions and times. Our code adds nothing to them.
#[test]
fn no_function_adds_to_a_trace() {
    let lock = include_str!("../Cargo.lock");
    for library in ["opentelemetry", "xray"] {
        assert!(!lock.contains(library), "{library} would write into traces");
    }
}

/// Amazon Cognito's own rules, which the local one does not have: docs/security.md, "The desk".
#[test]
fn nobody_makes_an_account_alone_or_changes_the_own_office_and_a_second_factor_is_required() {
    let template = include_str!("../infra/desk.yaml");
    for line in [
        "AdminCreateUserConfig: { AllowAdminCreateUserOnly: true }",
        r#"MfaConfiguration: !If [IsLocal, "OFF", "ON"]"#,
        "EnabledMfas: !If [IsLocal, !Ref AWS::NoValue, [SOFTWARE_TOKEN_MFA]]",
        "IsLocal: !Equals [!Ref Stage, local]",
        "AllowedOAuthFlows: [code]",
        "AllowedOAuthScopes: [openid]",
        "WriteAttributes: [name]",
        "GenerateSecret: true",
    ] {
        assert_eq!(template.matches(&format!("{line}\n")).count(), 1, "{line}");
    }
}

/// A file that is longer than API Gateway or Lambda takes never comes to the function.
#[test]
fn api_gateway_tells_a_person_and_a_program_what_to_do_with_a_body_that_is_too_long() {
    let (_, answer) = TEMPLATE.split_once("\n        REQUEST_TOO_LARGE:\n").expect("an answer");
    let answer = answer.split("DEFAULT_4XX").next().expect("its text").lines();
    let answer = answer.filter(|line| !line.trim_start().starts_with('#')).collect::<String>();
    assert!(answer.contains("application/json: '{\"error\":") && answer.contains("text/html: '<!doctype html>"));
    assert!(answer.contains("4 MB") && answer.is_ascii(), "entities, because API Gateway names no charset");
}
