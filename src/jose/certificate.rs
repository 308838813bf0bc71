//! The certificate of a client, as a proxy that verified it tells us (RFC 9440 §2.2).

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use openssl::x509::X509;

use super::thumbprint::Thumbprint;

/// RFC 9651 §4.2.7: padding may be missing, and bits that mean nothing may be set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest field, in bytes. Certificates of clients have one or two thousand.
const LONGEST: usize = 16 * 1024;

/// A certificate whose holder sent the request, by the word of whoever sent us the field. Whether
/// that is somebody to believe is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate(Thumbprint);

/// Why a field is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    #[error("there is more than one Client-Cert header")]
    Several,
    #[error("the Client-Cert header is longer than 16 KiB")]
    TooLong,
    #[error("the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:")]
    Form,
    #[error("the Client-Cert header has something else in it than one X.509 certificate in DER")]
    Content,
}

impl Certificate {
    /// Reads the value of a `Client-Cert` field: an item that is a byte sequence, without parameters.
    pub fn read(field: &[u8]) -> Result<Self, BadCertificate> {
        if field.len() > LONGEST {
            return Err(BadCertificate::TooLong);
        }
        let text = field.strip_prefix(b":").and_then(|it| it.strip_suffix(b":"));
        let der = text.and_then(|it| BASE64.decode(it).ok()).ok_or(BadCertificate::Form)?;
        // OpenSSL reads past what is not DER, and does not look at what comes behind.
        let again = X509::from_der(&der).and_then(|it| it.to_der());
        match again.is_ok_and(|again| again == der) {
            true => Ok(Self(Thumbprint::of_certificate(&der))),
            false => Err(BadCertificate::Content),
        }
    }

    /// RFC 8705 §3.1: the SHA-256 of the DER.
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8705, figure 6; its thumbprint is in figure 5.
    const EXAMPLE: &str = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx\
        ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcn\
        yxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZI\
        zj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR\
        50Q2DmFfQj1L+SY=";

    /// RFC 9440, figure 2.
    const FIELD: &str = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRo\
        ZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNa\
        MA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vd\
        gJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjL\
        a38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEP\
        YmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEA\
        x/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";

    fn read(field: &str) -> Result<String, BadCertificate> {
        Certificate::read(field.as_bytes()).map(|it| it.thumbprint().to_string())
    }

    #[test]
    fn the_examples() {
        let thumbprint = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
        assert_eq!(read(&format!(":{EXAMPLE}:")).as_deref(), Ok(thumbprint));
        let unpadded = EXAMPLE.trim_end_matches('=');
        assert_eq!(read(&format!(":{unpadded}:")).as_deref(), Ok(thumbprint));
        assert!(read(FIELD).is_ok_and(|it| it != thumbprint));
    }

    #[test]
    fn what_is_no_byte_sequence() {
        let pem = format!("-----BEGIN CERTIFICATE----- {EXAMPLE} -----END CERTIFICATE-----");
        for field in [
            "",
            ":",
            EXAMPLE,
            &format!(":{EXAMPLE}"),
            &format!("\"{EXAMPLE}\""),
            &format!(":{EXAMPLE}:;a=1"),
            &format!(":{EXAMPLE}:, :{EXAMPLE}:"),
            &format!(": {EXAMPLE}:"),
            &format!(":{}:", EXAMPLE.replace('/', "_")),
            &pem,
            &format!(":{pem}:"),
        ] {
            assert_eq!(read(field), Err(BadCertificate::Form), "{field}");
        }
        assert_eq!(Certificate::read(&[b':', 0xFF, b':']), Err(BadCertificate::Form));
        assert_eq!(read(&format!(":{}:", "A".repeat(LONGEST))), Err(BadCertificate::TooLong));
    }

    #[test]
    fn what_is_no_certificate() {
        let der = BASE64.decode(EXAMPLE).unwrap();
        let mut longer = der.clone();
        longer.push(0);
        // A length in more bytes than it takes is BER, and another hash for the same certificate.
        let mut indirect = der.clone();
        indirect.splice(1..4, [0x83, 0, 1, 6]);
        for bytes in [&[][..], &der[1..], &der[..der.len() - 1], &longer, &indirect, b"certificate"]
        {
            let field = format!(":{}:", BASE64.encode(bytes));
            assert_eq!(read(&field), Err(BadCertificate::Content), "{field}");
        }
    }
}
