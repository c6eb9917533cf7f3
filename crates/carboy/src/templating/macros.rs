//! Macros that use `varargs` and `kwargs`, which the engine does not know.
//!
//! Before a template is compiled, such a macro is renamed and given two more parameters; a wrapper under its own name
//! collects the surplus arguments. Lines stay where they are, so errors keep their line.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, ObjectRepr, Tuple};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::args::Args;
use super::percent;
use super::python::pairs;
use super::source::{Piece, first_word, names, pieces};
use super::translation;

const PREFIX: &str = "_carboy_macro_";
const WRAP: &str = "_carboy_extend_macro";

pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function(WRAP, wrap);
}

/// Prepares a source for the engine: Unix line ends; translated blocks, formatting operators and macros with surplus arguments rewritten.
pub(super) fn prepare(source: &str) -> Cow<'_, str> {
    let mut source = Cow::Borrowed(source);
    if source.contains('\r') {
        source = Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n"));
    }
    if source.contains("endtrans")
        && let Some(rewritten) = translation::rewrite(&source)
    {
        source = Cow::Owned(rewritten);
    }
    if source.contains('%')
        && let Some(rewritten) = percent::rewrite(&source)
    {
        source = Cow::Owned(rewritten);
    }
    if (source.contains("kwargs") || source.contains("varargs"))
        && let Some(rewritten) = rewrite(&source)
    {
        source = Cow::Owned(rewritten);
    }
    source
}

/// A macro whose end has not been seen yet.
struct Open<'s> {
    name: &'s str,
    /// Where the name begins in the source, and where the parameters end.
    name_at: usize,
    close_at: usize,
    has_parameters: bool,
    varargs: bool,
    kwargs: bool,
}

fn rewrite(source: &str) -> Option<String> {
    let mut open: Vec<Option<Open<'_>>> = Vec::new();
    // What is put in, by place; several insertions at one place stay in order.
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for located in pieces(source) {
        let (Piece::Print(code) | Piece::Tag(code)) = located.piece;
        let word = match located.piece {
            Piece::Tag(code) => first_word(code),
            _ => "",
        };
        match word {
            "macro" => {
                open.push(parse(source, code));
                continue;
            }
            "endmacro" => {
                if let Some(Some(found)) = open.pop()
                    && (found.varargs || found.kwargs)
                {
                    let Open { name, name_at, close_at, .. } = found;
                    edits.push((name_at, name_at, PREFIX.to_owned()));
                    let comma = if found.has_parameters { ", " } else { "" };
                    edits.push((close_at, close_at, format!("{comma}varargs=(), kwargs={{}}")));
                    let mark = match source.as_bytes()[located.end - 3] {
                        b'-' => "-",
                        b'+' => "+",
                        _ => "",
                    };
                    edits.push((
                        located.end - 2 - mark.len(),
                        located.end,
                        format!(
                            "%}}{{% set {name} = {WRAP}({PREFIX}{name}, {}, {}) {mark}%}}",
                            found.varargs, found.kwargs
                        ),
                    ));
                }
                continue;
            }
            _ => {}
        }
        if let Some(Some(innermost)) = open.last_mut() {
            for (_, name) in names(code) {
                innermost.varargs |= name == "varargs";
                innermost.kwargs |= name == "kwargs";
            }
        }
    }
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(start, ..)| *start);
    let mut out = String::with_capacity(source.len() + 128 * edits.len());
    let mut at = 0;
    for (start, end, text) in edits {
        out.push_str(&source[at..start]);
        out.push_str(&text);
        at = end;
    }
    out.push_str(&source[at..]);
    Some(out)
}

/// The name and the parameters of `macro name(a, b=1)`; nothing if it declares the names itself.
fn parse<'s>(source: &'s str, code: &'s str) -> Option<Open<'s>> {
    let offset = code.as_ptr() as usize - source.as_ptr() as usize;
    let all = names(code);
    let (name_at, name) = *all.get(1)?;
    if all.iter().skip(2).any(|(_, name)| matches!(*name, "varargs" | "kwargs")) {
        return None;
    }
    let open_at = name_at + code[name_at..].find('(')?;
    let close_at = code.rfind(')')?;
    Some(Open {
        name,
        name_at: offset + name_at,
        close_at: offset + close_at,
        has_parameters: !code.get(open_at + 1..close_at)?.trim().is_empty(),
        varargs: false,
        kwargs: false,
    })
}

/// A macro that takes more arguments than it names.
#[derive(Debug)]
pub(super) struct ExtendedMacro {
    inner: Value,
    parameters: Vec<String>,
    varargs: bool,
    kwargs: bool,
}

fn wrap(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [inner, varargs, kwargs] = args.bind(WRAP, ["macro", "varargs", "kwargs"], 3)?;
    let inner = inner.unwrap_or_default();
    let mut parameters: Vec<String> = inner
        .get_attr("arguments")?
        .try_iter()?
        .map(|name| name.as_str().unwrap_or_default().to_owned())
        .collect();
    parameters.truncate(parameters.len().saturating_sub(2));
    Ok(Value::from_object(ExtendedMacro {
        inner,
        parameters,
        varargs: varargs.is_some_and(|yes| yes.is_true()),
        kwargs: kwargs.is_some_and(|yes| yes.is_true()),
    }))
}

impl ExtendedMacro {
    fn name(&self) -> String {
        let name = self.inner.get_attr("name").unwrap_or_default().to_string();
        name.strip_prefix(PREFIX).unwrap_or(&name).to_owned()
    }
}

impl Object for ExtendedMacro {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "name" => Some(Value::from(self.name())),
            "arguments" => Some(Value::from(Tuple::from(
                self.parameters.iter().map(|name| Value::from(name.as_str())).collect::<Vec<_>>(),
            ))),
            "catch_kwargs" => Some(Value::from(self.kwargs)),
            "catch_varargs" => Some(Value::from(self.varargs)),
            "caller" => self.inner.get_attr("caller").ok(),
            _ => None,
        }
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (positional, named) = Args(args).split();
        let split = positional.len().min(self.parameters.len());
        let (known, surplus) = positional.split_at(split);
        if !surplus.is_empty() && !self.varargs {
            return Err(Error::new(
                ErrorKind::TooManyArguments,
                format!("macro '{}' takes not more than {} argument(s)", self.name(), self.parameters.len()),
            ));
        }
        let takes_caller = self.inner.get_attr("caller")?.is_true();
        let mut passed: Vec<(String, Value)> = Vec::new();
        let mut rest: Vec<(Value, Value)> = Vec::new();
        for (key, value) in named.map(|named| pairs(named, false)).unwrap_or_default() {
            let name = key.as_str().unwrap_or_default();
            if self.parameters.iter().any(|parameter| parameter == name) || (name == "caller" && takes_caller)
            {
                passed.push((name.to_owned(), value));
            } else if self.kwargs {
                rest.push((key, value));
            } else {
                return Err(Error::new(
                    ErrorKind::TooManyArguments,
                    format!("macro '{}' takes no keyword argument '{name}'", self.name()),
                ));
            }
        }
        passed.push(("varargs".to_owned(), Value::from(Tuple::from(surplus))));
        passed.push(("kwargs".to_owned(), Value::from_pairs(rest)));
        let mut arguments = known.to_vec();
        arguments.push(Kwargs::from_iter(passed).into());
        self.inner.call(state, &arguments)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Macro '{}'>", self.name())
    }
}
