//! Dependencies have one direction: domain ← application ← adapters ← each function ← tests. Checked with cargo's own metadata.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand};

const FUNCTIONS: [&str; 8] = ["intake", "notify", "apology", "sender", "lookup", "receipts", "callback", "desk"];

/// A package's dependencies at run time, by name.
fn dependencies(package: &str) -> BTreeSet<String> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let package =
        metadata.packages.iter().find(|found| found.name.as_str() == package).expect("a member of the workspace");
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.clone()).collect()
}

fn is_aws_sdk(name: &str) -> bool {
    name.starts_with("aws-sdk") || name.starts_with("aws-config") || name.starts_with("aws-smithy")
}

#[test]
fn the_domain_and_the_application_use_no_clock_no_network_and_no_aws() {
    let expected = ["chrono", "serde", "serde_json", "thiserror", "unicode-normalization"];
    assert_eq!(dependencies("domain"), expected.map(str::to_owned).into(), "no logs, no futures: values and rules");
    let expected = ["chrono", "domain", "futures", "thiserror", "tracing"];
    assert_eq!(dependencies("application"), expected.map(str::to_owned).into());
    for package in ["domain", "application"] {
        assert!(!has_a_clock(package), "{package}: Utc::now() would compile");
    }
}

fn has_a_clock(package: &str) -> bool {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let package = metadata.packages.iter().find(|found| found.name.as_str() == package).expect("a member");
    let chrono = package.dependencies.iter().find(|dependency| dependency.name == "chrono").expect("chrono");
    chrono.uses_default_features || chrono.features.contains(&"clock".to_owned())
}

#[test]
fn the_import_is_a_client_and_shares_only_the_rules() {
    let import = dependencies("import");
    assert!(import.contains("domain"));
    for foreign in FUNCTIONS.iter().copied().chain(["application", "adapters", "lambda_runtime", "aws_lambda_events"]) {
        assert!(
            !import.contains(foreign) && !import.iter().any(|name| is_aws_sdk(name)),
            "import depends on {foreign}"
        );
    }
}

#[test]
fn only_the_adapters_know_the_sdk_and_they_know_no_lambda() {
    let adapters = dependencies("adapters");
    assert!(adapters.contains("domain") && adapters.iter().any(|name| is_aws_sdk(name)));
    for foreign in FUNCTIONS.iter().copied().chain(["lambda_runtime", "aws_lambda_events"]) {
        assert!(!adapters.contains(foreign), "adapters depends on {foreign}");
    }
}

#[test]
fn only_the_functions_know_lambda_and_none_knows_another_or_the_sdk() {
    for function in FUNCTIONS {
        let dependencies = dependencies(function);
        assert!(dependencies.contains("lambda_runtime") && dependencies.contains("application"), "{function}");
        for other in FUNCTIONS {
            assert!(!dependencies.contains(other), "{function} depends on {other}");
        }
        assert!(!dependencies.iter().any(|name| is_aws_sdk(name)), "{function} knows the SDK");
    }
}
