//! A certificate authority for a test.

use carboy_testkit::Folder;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use std::path::{Path, PathBuf};
use time::OffsetDateTime as Time;

/// Signs certificates; its own one is what clients trust.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "an authority for tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Authority { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn der(&self) -> rustls::pki_types::CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// For these names, valid now; the texts of certificate and key.
    pub(crate) fn issue(&self, names: &[&str]) -> (String, String) {
        self.issue_until(names, 2100)
    }

    /// The texts of its own certificate and key.
    #[cfg(feature = "acme")]
    pub(crate) fn pair(&self) -> (String, String) {
        (self.issuer.pem(), self.issuer.key().serialize_pem())
    }

    /// For these names, valid from so many days after now to so many.
    #[cfg(feature = "acme")]
    pub(crate) fn issue_for_days(&self, names: &[&str], begin: i64, end: i64) -> (String, String) {
        let day = std::time::Duration::from_secs(24 * 3600);
        let at = |days: i64| {
            let now = std::time::SystemTime::now();
            let distance = day * u32::try_from(days.abs()).unwrap();
            if days < 0 { now - distance } else { now + distance }
        };
        self.issue_between(names, at(begin).into(), at(end).into())
    }

    /// For these names, valid until the begin of a year.
    pub(crate) fn issue_until(&self, names: &[&str], year: i32) -> (String, String) {
        self.issue_between(names, date_time_ymd(2000, 1, 1), date_time_ymd(year, 1, 1))
    }

    fn issue_between(&self, names: &[&str], begin: Time, end: Time) -> (String, String) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        (params.not_before, params.not_after) = (begin, end);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Writes a certificate and its key into files of these names.
pub(crate) fn write(folder: &Folder, name: &str, (chain, key): &(String, String)) -> (PathBuf, PathBuf) {
    let paths = (folder.path().join(format!("{name}.pem")), folder.path().join(format!("{name}.key")));
    replace(&paths.0, chain);
    replace(&paths.1, key);
    paths
}

/// As tools do that care: a new file in the place of the old one.
pub(crate) fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}
