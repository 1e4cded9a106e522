//! A certificate authority of this run; every measured process is configured to trust it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The system's trusted certificates: the ones that a function on AWS Lambda reads at its start, about 140.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The endpoint's certificate, and the files that make clients trust it.
pub struct Authority {
    /// For the endpoint.
    pub server: Arc<ServerConfig>,
    /// Our authority alone.
    pub own: PathBuf,
    /// Amazon's five and ours: the ones that our functions trust.
    pub few: PathBuf,
    /// The system's authorities and ours: reading them takes as long as on AWS.
    pub bundle: PathBuf,
}

impl Authority {
    /// A new authority. Its public part is written to `folder`. `root`: the repository.
    pub fn new(root: &Path, folder: &Path) -> Result<Self> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "the bench's authority");
        let key = rsa()?;
        let certificate = params.self_signed(&key)?;
        let issuer = Issuer::new(params, key);

        let server_key = rsa()?;
        let mut server = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        server.distinguished_name.push(DnType::CommonName, "localhost");
        let server = server.signed_by(&server_key, &issuer)?;
        let server_key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));

        let system = SYSTEM_ROOTS.iter().find_map(|file| fs::read_to_string(file).ok());
        let system = system.context("no bundle of certificate authorities: apt-get install ca-certificates")?;
        fs::create_dir_all(folder)?;
        let amazon = fs::read_to_string(root.join("functions/adapters/src/amazon-roots.pem"))?;
        let [own, few, bundle] = ["own-ca.pem", "few-ca.pem", "all-ca.pem"].map(|name| folder.join(name));
        fs::write(&own, certificate.pem())?;
        fs::write(&few, amazon + "\n" + &certificate.pem())?;
        fs::write(&bundle, system + "\n" + &certificate.pem())?;
        Ok(Self { server: Arc::new(config(server.der().clone(), server_key)?), own, few, bundle })
    }
}

/// RSA with 2048 bits, like AWS's endpoints and the authorities above them.
fn rsa() -> Result<KeyPair> {
    Ok(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?)
}

fn config(
    certificate: rustls::pki_types::CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_no_client_auth().with_single_cert(vec![certificate], key)?)
}
