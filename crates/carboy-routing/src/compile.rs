//! From a rule's text to what matches it and what builds it.

use std::sync::Arc;

use crate::converter::{Bound, ConverterArgs};
use crate::error::{RuleError, RuleErrorKind};
use crate::parse::{self, Token};
use crate::pattern::{self, Piece};
use crate::quote;
use crate::redirect::split_scheme;
use crate::rule::{Compiled, RedirectTo, Rule, Segment, Variable};
use crate::value::Value;

/// The rank of a dynamic part among those of one place; the least is tried first.
///
/// More literal texts come first, then earlier and longer ones, then more variables, then lower converter weights.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Weight {
    texts: std::cmp::Reverse<usize>,
    lengths: Vec<std::cmp::Reverse<usize>>,
    variables: std::cmp::Reverse<usize>,
    converters: Vec<i32>,
}

/// What stands between two slashes of a rule, or from there to its end.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Static(String),
    Dynamic(Dynamic),
}

/// A part with variables.
#[derive(Debug, Clone)]
pub(crate) struct Dynamic {
    pub(crate) pieces: Vec<Piece>,
    /// Its regular expression: what tells it apart from others.
    pub(crate) expression: String,
    /// Whether it takes all the rest of the path.
    pub(crate) is_final: bool,
    /// Whether the rule ends with a slash after it.
    pub(crate) suffixed: bool,
    pub(crate) weight: Weight,
}

/// Finds the converter of a name; `None` if there is none.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str, &ConverterArgs) -> Option<Result<Bound, String>>;

/// What the map says where the rule does not.
pub(crate) struct Settings<'a> {
    pub(crate) default_subdomain: &'a str,
    pub(crate) strict_slashes: bool,
    pub(crate) merge_slashes: bool,
    pub(crate) host_matching: bool,
}

/// The parts of a rule's host and path, and a matching rule as the map keeps it.
pub(crate) struct Parts {
    pub(crate) domain: Vec<Part>,
    pub(crate) path: Vec<Part>,
}

/// Fills in `rule.compiled` and returns the parts that match it.
pub(crate) fn compile(
    rule: &mut Rule,
    settings: &Settings<'_>,
    lookup: Lookup<'_>,
) -> Result<Parts, RuleError> {
    if !rule.text.starts_with('/') {
        let message = format!("URL rule '{}' must start with a slash.", rule.text);
        return Err(RuleError::new(RuleErrorKind::MissingSlash, message, &rule.text, 0));
    }
    if rule.websocket
        && let Some(methods) = &rule.methods
        && methods.iter().any(|method| !matches!(method, "GET" | "HEAD" | "OPTIONS"))
    {
        let message = "WebSocket rules can only use 'GET', 'HEAD', and 'OPTIONS' methods.";
        return Err(RuleError::new(RuleErrorKind::Methods, message, &rule.text, 0));
    }
    let domain = if settings.host_matching {
        rule.host.clone().unwrap_or_default()
    } else {
        rule.subdomain.get_or_insert_with(|| settings.default_subdomain.to_owned()).clone()
    };
    let mut compiled = Compiled {
        strict_slashes: rule.strict_slashes.unwrap_or(settings.strict_slashes),
        merge_slashes: rule.merge_slashes.unwrap_or(settings.merge_slashes),
        ..Compiled::default()
    };
    let domain_parts = side(rule, &mut compiled, &domain, true, lookup)?;
    compiled.trace.push('|');
    let (text, places) = if compiled.merge_slashes {
        parse::merge_slashes(&rule.text)
    } else {
        (rule.text.clone(), Vec::new())
    };
    let path_parts = side(rule, &mut compiled, &text, false, lookup).map_err(|error| {
        let place = places.get(error.position()).copied().unwrap_or(error.position());
        RuleError::new(error.kind(), error.to_string(), &rule.text, place)
    })?;

    compiled.defaults = rule.defaults.iter().map(|(name, value)| (Arc::from(name), value.clone())).collect();
    let mut arguments: Vec<Arc<str>> =
        compiled.variables.iter().map(|variable| Arc::clone(&variable.name)).collect();
    arguments.extend(compiled.defaults.iter().map(|(name, _)| Arc::clone(name)));
    arguments.sort_unstable();
    arguments.dedup();
    compiled.arguments = arguments;
    check_redirect(rule, &compiled)?;
    rule.compiled = compiled;
    Ok(Parts { domain: domain_parts, path: path_parts })
}

/// The parts of a host or a path; what builds it goes to `compiled`.
fn side(
    rule: &Rule,
    compiled: &mut Compiled,
    text: &str,
    in_domain: bool,
    lookup: Lookup<'_>,
) -> Result<Vec<Part>, RuleError> {
    let mut segments = Vec::new();
    let mut parts = Vec::new();
    let mut part = Open::default();
    for (position, token) in parse::tokens(text)? {
        match token {
            Token::Slash => {
                compiled.trace.push('/');
                push_text(&mut segments, "/");
                if part.is_final {
                    part.text("/");
                } else {
                    parts.push(std::mem::take(&mut part).close(text, position)?);
                }
            }
            Token::Static(literal) => {
                compiled.trace.push_str(literal);
                push_text(&mut segments, literal);
                part.weight.lengths.push(std::cmp::Reverse(literal.chars().count()));
                part.text(literal);
            }
            Token::Variable { name, converter, args } => {
                if compiled.variables.iter().any(|variable| &*variable.name == name) {
                    let message = format!("duplicate argument '{name}' in the rule");
                    return Err(RuleError::new(RuleErrorKind::DuplicateArgument, message, text, position));
                }
                let bound = lookup(converter, &args)
                    .ok_or_else(|| {
                        let message = format!("the converter '{converter}' does not exist");
                        RuleError::new(RuleErrorKind::UnknownConverter, message, text, position)
                    })?
                    .map_err(|reason| {
                        let message =
                            format!("the converter '{converter}' does not take these arguments: {reason}");
                        RuleError::new(RuleErrorKind::ConverterArguments, message, text, position)
                    })?;
                part.variable(&bound);
                compiled.trace.push_str(&format!("<{name}>"));
                match rule.defaults.get(name) {
                    // The default is what the variable always is, so that it can be written once.
                    Some(default) => {
                        let constant = bound.as_converter().to_url(default).map_err(|error| {
                            let message =
                                format!("the default of '{name}' is no value of its converter: {error}");
                            RuleError::new(RuleErrorKind::Default, message, text, position)
                        })?;
                        push_quoted(&mut segments, &constant);
                    }
                    None => segments.push(Segment::Variable(compiled.variables.len())),
                }
                compiled.variables.push(Variable {
                    name: name.into(),
                    converter_name: converter.to_owned(),
                    args,
                    converter: bound,
                    in_domain,
                });
            }
        }
    }
    let suffixed = part.suffix();
    let end = text.len();
    parts.push(part.close(text, end)?);
    if suffixed {
        parts.push(Part::Static(String::new()));
    }
    *(if in_domain { &mut compiled.domain } else { &mut compiled.path }) = segments;
    Ok(parts)
}

fn push_text(segments: &mut Vec<Segment>, literal: &str) {
    push_quoted(segments, &quote::quote(literal, &quote::PATH));
}

fn push_quoted(segments: &mut Vec<Segment>, quoted: &str) {
    match segments.last_mut() {
        Some(Segment::Text(text)) => text.push_str(quoted),
        _ => segments.push(Segment::Text(quoted.to_owned())),
    }
}

/// A part that is being read.
#[derive(Default)]
struct Open {
    pieces: Vec<Piece>,
    weight: Weight,
    is_final: bool,
    is_dynamic: bool,
    suffixed: bool,
}

impl Open {
    fn text(&mut self, literal: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push_str(literal),
            _ => self.pieces.push(Piece::Text(literal.to_owned())),
        }
    }

    fn variable(&mut self, bound: &Bound) {
        let converter = bound.as_converter();
        self.is_dynamic = true;
        self.is_final |= !converter.part_isolating();
        self.weight.converters.push(converter.weight());
        self.pieces.push(Piece::Variable { shape: bound.shape(), regex: converter.regex().to_owned() });
    }

    /// Takes off the slash at the end of a part that takes the rest of the path; whether there was one.
    fn suffix(&mut self) -> bool {
        if self.is_final
            && let Some(Piece::Text(text)) = self.pieces.last_mut()
            && text.pop_if_slash()
        {
            self.suffixed = true;
            if text.is_empty() {
                self.pieces.pop();
            }
        }
        self.suffixed
    }

    fn close(mut self, text: &str, position: usize) -> Result<Part, RuleError> {
        if !self.is_dynamic {
            let literal = match self.pieces.pop() {
                Some(Piece::Text(literal)) => literal,
                _ => String::new(),
            };
            return Ok(Part::Static(literal));
        }
        self.weight.texts = std::cmp::Reverse(self.weight.lengths.len());
        self.weight.variables = std::cmp::Reverse(self.weight.converters.len());
        // What cannot be matched is refused now, while the rule is at hand.
        pattern::Pattern::new(&self.pieces, self.suffixed).map_err(|error| {
            let message = format!("the regular expression of a converter is not usable: {error}");
            RuleError::new(RuleErrorKind::Pattern, message, text, position)
        })?;
        Ok(Part::Dynamic(Dynamic {
            expression: pattern::expression(&self.pieces),
            pieces: self.pieces,
            is_final: self.is_final,
            suffixed: self.suffixed,
            weight: self.weight,
        }))
    }
}

trait PopSlash {
    fn pop_if_slash(&mut self) -> bool;
}

impl PopSlash for String {
    fn pop_if_slash(&mut self) -> bool {
        let slash = self.ends_with('/');
        if slash {
            self.pop();
        }
        slash
    }
}

/// The names between `<` and `>` of a redirect template must be variables of the rule.
fn check_redirect(rule: &Rule, compiled: &Compiled) -> Result<(), RuleError> {
    let Some(RedirectTo::Template(template)) = &rule.redirect_to else { return Ok(()) };
    let mut start = 0;
    for piece in template_pieces(template) {
        match piece {
            TemplatePiece::Text(text) => start += text.len(),
            TemplatePiece::Name(name) => {
                if !compiled.variables.iter().any(|variable| &*variable.name == name) {
                    let message = format!("redirect_to names '{name}', which is no variable of the rule");
                    return Err(RuleError::new(RuleErrorKind::RedirectTo, message, template, start));
                }
                start += name.len() + 2;
            }
        }
    }
    Ok(())
}

/// A piece of a redirect template.
pub(crate) enum TemplatePiece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Splits a redirect template at its `<name>`s.
pub(crate) fn template_pieces(template: &str) -> impl Iterator<Item = TemplatePiece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let open = (0..rest.len()).filter(|place| rest.as_bytes()[*place] == b'<').find_map(|place| {
            let length = rest[place + 1..].find('>')?;
            (length > 0).then_some((place, length))
        });
        match open {
            Some((0, length)) => {
                let name = &rest[1..=length];
                rest = &rest[length + 2..];
                Some(TemplatePiece::Name(name))
            }
            Some((place, _)) => {
                let text = &rest[..place];
                rest = &rest[place..];
                Some(TemplatePiece::Text(text))
            }
            None => Some(TemplatePiece::Text(std::mem::take(&mut rest))),
        }
    })
}

/// The text of a redirect template, filled.
///
/// The values cannot make it leave the host: unless the template itself begins with a scheme or a slash, it is a relative
/// path, whatever its variables contain.
pub(crate) fn fill_template(
    rule: &Rule,
    template: &str,
    value_of: impl Fn(&str) -> Option<Value>,
) -> Option<String> {
    let literal = &template[..template.find('<').unwrap_or(template.len())];
    let rooted = literal.starts_with(['/', '?', '#']) || split_scheme(literal).is_some();
    let mut out = String::from(if rooted || template.is_empty() { "" } else { "./" });
    for piece in template_pieces(template) {
        match piece {
            TemplatePiece::Text(text) => out.push_str(text),
            TemplatePiece::Name(name) => {
                out.push_str(&rule.variable(name)?.converter().to_url(&value_of(name)?).ok()?);
            }
        }
    }
    Some(out)
}
