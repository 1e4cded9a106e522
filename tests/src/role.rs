//! A function's role, assumed by the account's administrator: its rights are tried with signed calls, and read.

use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use reqwest::Method;
use serde_json::Value;

use crate::Stack;
use crate::stack::{REGION, between};

/// A call of an AWS API.
#[derive(Debug, Clone)]
pub struct Call {
    /// The signing name: `dynamodb`.
    pub service: &'static str,
    /// GET, POST, PUT, …
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Headers beside those of the signature.
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// IAM's decision about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// IAM allowed it; this is the service's answer.
    Allowed(String),
    /// IAM denied it.
    Refused,
}

/// The rights of a function.
#[derive(Debug, Clone)]
pub struct Role {
    stack: Stack,
    name: String,
    credentials: Credentials,
}

impl Role {
    /// The role of a function, by the name of its output.
    pub async fn of(stack: &Stack, function: &str) -> Result<Self> {
        let configuration = stack.configuration(function).await?;
        let arn = configuration["Role"].as_str().context("a role")?.to_owned();
        let query = [("Action", "AssumeRole"), ("RoleArn", arn.as_str()), ("RoleSessionName", "test")];
        let taken = stack.query_api("sts", &query).await?;
        let part = |tag| between(&taken, tag).with_context(|| format!("STS gives no {tag}: {taken}"));
        let (id, key) = (part("AccessKeyId")?, part("SecretAccessKey")?);
        let credentials = Credentials::new(id, key, Some(part("SessionToken")?), None, "the local STS");
        Ok(Self { stack: stack.clone(), name: arn.rsplit('/').next().unwrap_or_default().to_owned(), credentials })
    }

    /// Makes the call under this role.
    pub async fn tries(&self, call: &Call) -> Result<Verdict> {
        let url = format!("{}{}", self.stack.endpoint(), call.path);
        let mut request = self.stack.http().request(call.method.clone(), &url);
        for (name, value) in call.headers.iter().cloned().chain(self.signature(call, &url)?) {
            request = request.header(name, value);
        }
        let answer = request.body(call.body.clone()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        // DynamoDB and similar; SNS and S3; older SNS.
        let refused =
            ["AccessDeniedException", "AccessDenied", "AuthorizationError"].iter().any(|code| text.contains(code));
        ensure!(!refused || status.is_client_error(), "{call:?}: {status} {text}");
        Ok(if refused { Verdict::Refused } else { Verdict::Allowed(format!("{} {text}", status.as_u16())) })
    }

    /// Every statement written for this role in template.yaml or by SAM for its events.
    pub async fn statements(&self) -> Result<Vec<Value>> {
        let mut statements = Vec::new();
        for policy in self.policies("ListRolePolicies").await? {
            let query = [("Action", "GetRolePolicy"), ("RoleName", &self.name), ("PolicyName", &policy)];
            let found = self.stack.query_api("iam", &query).await?;
            let encoded = between(&found, "PolicyDocument").context("a policy document")?;
            let document: Value = serde_json::from_str(&decoded(&encoded)?)?;
            statements.extend(document["Statement"].as_array().cloned().context("statements")?);
        }
        if statements.is_empty() {
            bail!("{} has no policy", self.name)
        }
        Ok(statements)
    }

    /// AWS's own policies that SAM attached, by name.
    pub async fn attached(&self) -> Result<Vec<String>> {
        self.policies("ListAttachedRolePolicies").await
    }

    async fn policies(&self, action: &str) -> Result<Vec<String>> {
        let found = self.stack.query_api("iam", &[("Action", action), ("RoleName", &self.name)]).await?;
        let tag = if action == "ListRolePolicies" { "member" } else { "PolicyName" };
        Ok(found
            .split(&format!("<{tag}>"))
            .skip(1)
            .filter_map(|rest| Some(rest.split_once("</")?.0.to_owned()))
            .collect())
    }

    fn signature(&self, call: &Call, url: &str) -> Result<Vec<(&'static str, String)>> {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = self.credentials.clone().into();
        let params = SigningParams::builder().identity(&identity).region(REGION).name(call.service);
        let params = params.time(SystemTime::now()).settings(settings).build()?.into();
        let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request =
            SignableRequest::new(call.method.as_str(), url, headers, SignableBody::Bytes(call.body.as_bytes()))?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        let (signed, _) = instructions.into_parts();
        Ok(signed.into_iter().map(|header| (header.name(), header.value().to_owned())).collect())
    }
}

/// A policy document comes as JSON, percent-encoded.
fn decoded(text: &str) -> Result<String> {
    let url = reqwest::Url::parse(&format!("x:/?{}", text.replace('+', "%2B").replace("&quot;", "\"")))?;
    Ok(url.query_pairs().next().context("a policy document")?.0.into_owned())
}
