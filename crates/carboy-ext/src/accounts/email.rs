//! E-mail addresses as names of accounts.

/// An address as it is kept and looked for: without space around it, in lower case; `None` for what is none.
///
/// The rules are those of HTML's `<input type=email>`, and more letters than ASCII's. Two spellings that differ in case only are one account:
/// no provider of today tells them apart.
///
/// ```
/// use carboy_ext::accounts::normalize_email;
///
/// assert_eq!(normalize_email(" Ada@Example.com ").as_deref(), Some("ada@example.com"));
/// for bad in ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@exa_mple.com", "ada@example..com"] {
///     assert_eq!(normalize_email(bad), None, "{bad}");
/// }
/// ```
pub fn normalize_email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.rsplit_once('@')?;
    let signs = ".!#$%&'*+/=?^_`{|}~-";
    let local_is_good =
        (1..=64).contains(&local.len()) && local.chars().all(|c| c.is_alphanumeric() || signs.contains(c));
    let label_is_good = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let domain_is_good = domain.len() <= 253 && domain.split('.').all(label_is_good);
    (email.len() <= 254 && local_is_good && domain_is_good).then_some(email)
}
