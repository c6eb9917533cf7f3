//! Rules of views that are elsewhere: never matched, but URLs are built from them.

use carboy_routing::{Rule, UrlMap, Value, Values};
use indexmap::IndexMap;
use serde::Deserialize;
use std::{fs, path::Path};

/// The format that `carboy_routes.py` writes.
const FORMAT: u32 = 1;

/// Marks a rule of a view that is elsewhere.
const ELSEWHERE: u32 = u32::MAX;

/// Whether a rule's view is elsewhere.
pub(crate) fn is_elsewhere(rule: &Rule) -> bool {
    rule.get_tag() == ELSEWHERE
}

#[derive(Deserialize)]
struct Head {
    carboy_routes: u32,
}

#[derive(Deserialize)]
struct File {
    host_matching: bool,
    rules: Vec<Exported>,
}

#[derive(Deserialize)]
struct Exported {
    rule: String,
    endpoint: String,
    methods: Option<Vec<String>>,
    #[serde(default)]
    defaults: IndexMap<String, serde_json::Value>,
    subdomain: Option<String>,
    host: Option<String>,
    #[serde(default = "yes")]
    merge_slashes: bool,
    #[serde(default)]
    alias: bool,
    #[serde(default)]
    websocket: bool,
}

fn yes() -> bool {
    true
}

/// Adds the rules of a file to a map that has all rules of the app itself. A rule that the app has under the same endpoint is
/// left out.
pub(crate) fn add(path: &Path, map: &mut UrlMap, host_matching: bool, mistakes: &mut Vec<String>) {
    let name = path.display();
    let file = match fs::read(path) {
        Ok(file) => file,
        Err(error) => {
            mistakes.push(format!("the file of external routes '{name}' cannot be read: {error}"));
            return;
        }
    };
    let not_ours = |why: &dyn std::fmt::Display| {
        format!("the file of external routes '{name}' is not what carboy_routes.py writes: {why}")
    };
    let (head, file) = match (serde_json::from_slice::<Head>(&file), serde_json::from_slice::<File>(&file)) {
        (Ok(head), file) => (head, file),
        (Err(error), _) => return mistakes.push(not_ours(&error)),
    };
    if head.carboy_routes != FORMAT {
        mistakes.push(format!(
            "the file of external routes '{name}' has format {}, and this carboy reads format {FORMAT}: write it again with \
             the carboy_routes.py of this version",
            head.carboy_routes
        ));
        return;
    }
    let file = match file {
        Ok(file) => file,
        Err(error) => return mistakes.push(not_ours(&error)),
    };
    if file.host_matching != host_matching {
        let (there, here) = if host_matching { ("subdomain", "host") } else { ("host", "subdomain") };
        mistakes.push(format!(
            "the file of external routes '{name}' is of an application that matches by {there}, and this one matches by {here}"
        ));
        return;
    }
    for exported in file.rules {
        if map.iter().any(|rule| is_same(rule, &exported)) {
            continue;
        }
        let title = format!("'{}' of '{}'", exported.rule, exported.endpoint);
        let added = rule(exported).and_then(|rule| map.add(rule).map(drop).map_err(|e| e.to_string()));
        if let Err(why) = added {
            mistakes.push(format!("the file of external routes '{name}' has the rule {title}: {why}"));
        }
    }
}

/// Whether the app has this rule itself.
fn is_same(rule: &Rule, exported: &Exported) -> bool {
    rule.text() == exported.rule
        && rule.get_endpoint() == exported.endpoint
        && rule.get_subdomain().unwrap_or_default() == exported.subdomain.as_deref().unwrap_or_default()
        && rule.get_host().unwrap_or_default() == exported.host.as_deref().unwrap_or_default()
}

fn rule(exported: Exported) -> Result<Rule, String> {
    let mut rule = Rule::new(exported.rule).endpoint(exported.endpoint).tag(ELSEWHERE).build_only();
    if let Some(methods) = exported.methods {
        rule = rule.methods(methods);
    }
    let mut defaults = Values::new();
    for (name, value) in exported.defaults {
        let Some(value) = plain(&value) else {
            return Err(format!("the default '{name}' is no plain value: {value}"));
        };
        defaults.insert_named(name, value);
    }
    rule = rule.defaults(defaults).merge_slashes(exported.merge_slashes);
    if let Some(subdomain) = exported.subdomain {
        rule = rule.subdomain(subdomain);
    }
    if let Some(host) = exported.host {
        rule = rule.host(host);
    }
    if exported.alias {
        rule = rule.alias();
    }
    if exported.websocket {
        rule = rule.websocket();
    }
    Ok(rule)
}

fn plain(value: &serde_json::Value) -> Option<Value> {
    Some(match value {
        serde_json::Value::Null => Value::None,
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(int) => int.into(),
            None => number.as_f64()?.into(),
        },
        _ => return None,
    })
}
