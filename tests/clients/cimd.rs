//! A stock client that describes itself at its own address, at the demo's chat.

use std::fs;
use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use tegata::demo::world;

use crate::demo::free_address;

/// The MCP TypeScript SDK with its `clientMetadataUrl`. The document stands in a private network, at
/// a host with a certificate that no system trusts: the administrator listed the client and named the
/// authority.
#[tokio::test(flavor = "multi_thread")]
async fn mcp_typescript_sdk() {
    let folder = tempfile::tempdir().expect("a folder");
    let [certificate, key] =
        ["certificate.pem", "key.pem"].map(|it| folder.path().join(it).display().to_string());
    certify(Path::new(&certificate), Path::new(&key)).expect("a certificate");
    let address = free_address();
    let (_, port) = address.split_once(':').expect("a port");
    let document = format!("https://localhost:{port}/client.json");
    let settings = [("outbound.extra_roots", &certificate), ("clients.listed", &document)];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.clone()));
    let home = free_address().parse().expect("an address");
    let world = world::start(home, &settings).await.expect("a world");

    let (issuer, chat) = (world.home.clone(), world.chat.clone());
    let done = tokio::task::spawn_blocking(move || {
        let more = [
            ("CHAT_API", chat.as_str()),
            ("DOCUMENT", &document),
            ("CERTIFICATE", &certificate),
            ("KEY", &key),
        ];
        crate::run("demo_cimd.mjs", &issuer, &more);
    });
    let done = done.await;
    world.end().await;
    done.expect("the script");
}

/// A certificate for `localhost` by nobody but itself, and its key.
fn certify(certificate: &Path, key: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let own = PKey::from_ec_key(EcKey::generate(&group)?)?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", "localhost")?;
    let name = name.build();
    let mut made = X509::builder()?;
    made.set_version(2)?;
    made.set_subject_name(&name)?;
    made.set_issuer_name(&name)?;
    made.set_pubkey(&own)?;
    made.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    made.set_not_after(&*Asn1Time::days_from_now(1)?)?;
    made.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    let host =
        SubjectAlternativeName::new().dns("localhost").build(&made.x509v3_context(None, None))?;
    made.append_extension(host)?;
    made.sign(&own, MessageDigest::sha256())?;
    fs::write(certificate, made.build().to_pem()?)?;
    fs::write(key, own.private_key_to_pem_pkcs8()?)?;
    Ok(())
}
