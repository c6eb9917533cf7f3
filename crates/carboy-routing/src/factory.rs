//! Werkzeug's rule factories, as functions from rules to rules.

use crate::error::{RuleError, RuleErrorKind};
use crate::rule::{RedirectTo, Rule};
use crate::value::{Value, Values};

/// Puts a path before every rule: Werkzeug's `Submount`.
///
/// ```
/// use carboy_routing::{Rule, UrlMap, endpoint_prefix, submount};
///
/// let blog = [Rule::new("/").endpoint("index"), Rule::new("/entry/<slug>").endpoint("show")];
/// let mut map = UrlMap::default();
/// map.extend(endpoint_prefix("blog/", submount("/blog", blog))).unwrap();
/// let rules: Vec<_> = map.iter().map(|rule| (rule.text(), rule.get_endpoint())).collect();
/// assert_eq!(rules, [("/blog/", "blog/index"), ("/blog/entry/<slug>", "blog/show")]);
/// ```
pub fn submount(path: &str, rules: impl IntoIterator<Item = Rule>) -> Vec<Rule> {
    let path = path.trim_end_matches('/');
    each(rules, |rule| rule.text.insert_str(0, path))
}

/// Puts every rule below a subdomain: Werkzeug's `Subdomain`.
pub fn subdomain(subdomain: &str, rules: impl IntoIterator<Item = Rule>) -> Vec<Rule> {
    each(rules, |rule| rule.subdomain = Some(subdomain.to_owned()))
}

/// Puts a prefix before every endpoint: Werkzeug's `EndpointPrefix`.
pub fn endpoint_prefix(prefix: &str, rules: impl IntoIterator<Item = Rule>) -> Vec<Rule> {
    each(rules, |rule| rule.endpoint.insert_str(0, prefix))
}

fn each(rules: impl IntoIterator<Item = Rule>, change: impl Fn(&mut Rule)) -> Vec<Rule> {
    rules
        .into_iter()
        .map(|mut rule| {
            change(&mut rule);
            rule
        })
        .collect()
}

/// Rules with `$name` or `${name}` in their pattern, endpoint, subdomain, redirect and default texts: Werkzeug's
/// `RuleTemplate`. `$$` is a dollar sign.
///
/// ```
/// use carboy_routing::{Rule, RuleTemplate, UrlMap};
///
/// let resource = RuleTemplate::new([
///     Rule::new("/$name/").endpoint("$name.list"),
///     Rule::new("/$name/<int:id>").endpoint("$name.show"),
/// ]);
/// let mut map = UrlMap::default();
/// map.extend(resource.fill([("name", "user")]).unwrap()).unwrap();
/// assert_eq!(map.iter().map(|rule| rule.text()).collect::<Vec<_>>(), ["/user/", "/user/<int:id>"]);
/// ```
#[derive(Debug, Clone)]
pub struct RuleTemplate(Vec<Rule>);

impl RuleTemplate {
    /// A template of these rules.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self(rules.into_iter().collect())
    }

    /// The rules with the placeholders filled.
    ///
    /// # Errors
    /// A placeholder that no value was given for, or a lone dollar sign.
    pub fn fill<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Vec<Rule>, RuleError> {
        let values: Vec<_> = values.into_iter().collect();
        let fill = |text: &str| substitute(text, &values);
        self.0
            .iter()
            .map(|template| {
                let mut rule = template.clone();
                rule.text = fill(&rule.text)?;
                rule.endpoint = fill(&rule.endpoint)?;
                rule.subdomain = rule.subdomain.as_deref().map(fill).transpose()?;
                if let Some(RedirectTo::Template(target)) = &mut rule.redirect_to {
                    *target = fill(target)?;
                }
                let mut defaults = Values::new();
                for (name, value) in template.defaults.iter() {
                    let value = match value {
                        Value::Str(text) => Value::Str(fill(text)?),
                        other => other.clone(),
                    };
                    defaults.insert_named(name, value);
                }
                rule.defaults = defaults;
                Ok(rule)
            })
            .collect()
    }
}

/// Python's `string.Template(text).substitute(values)`.
fn substitute(text: &str, values: &[(&str, &str)]) -> Result<String, RuleError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let place = text.len() - rest.len() + dollar;
        let after = &rest[dollar + 1..];
        if let Some(plain) = after.strip_prefix('$') {
            out.push('$');
            rest = plain;
            continue;
        }
        let braced = after.strip_prefix('{');
        let inner = braced.unwrap_or(after);
        let length = inner
            .char_indices()
            .find(|(index, c)| !(c.is_ascii_alphabetic() || *c == '_' || (*index > 0 && c.is_ascii_digit())))
            .map_or(inner.len(), |(index, _)| index);
        let (name, tail) = inner.split_at(length);
        let tail = if braced.is_some() { tail.strip_prefix('}') } else { Some(tail) };
        let error = |message: String| RuleError::new(RuleErrorKind::Template, message, text, place);
        let Some(tail) = tail.filter(|_| !name.is_empty()) else {
            return Err(error(format!("Invalid placeholder in string: byte {place} of '{text}'")));
        };
        let Some((_, value)) = values.iter().find(|(own, _)| *own == name) else {
            return Err(error(format!("no value was given for '{name}'")));
        };
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}
