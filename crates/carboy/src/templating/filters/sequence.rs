//! Filters on lists and mappings.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple, ValueKind};
use minijinja::{Error, State, Value};

use super::super::args::{Args, Getter, bool_or, fail, given, int_or, items, width_or};
use super::super::escape::escaped;
use super::super::python::{self, as_text, is_plain_map, pairs, to_text, type_name};
use super::autoescape;

pub(super) fn attr(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, name] = args.bind("do_attr", ["obj", "name"], 2)?;
    let value = value.unwrap_or_default();
    value.get_attr(&to_text(&name.unwrap_or_default()))
}

pub(super) fn batch(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, linecount, fill] = args.bind("do_batch", ["value", "linecount", "fill_with"], 2)?;
    let size = width_or(linecount.as_ref(), 0)?;
    let fill = given(fill);
    let all = items(&value.unwrap_or_default())?;
    if size == 0 {
        // Jinja yields the list in one piece after an empty one.
        return Ok(Value::from(vec![Value::from(Vec::<Value>::new()), Value::from(all)]));
    }
    let mut rows: Vec<Value> = Vec::new();
    for chunk in all.chunks(size) {
        let mut row = chunk.to_vec();
        if let Some(fill) = &fill {
            row.resize(size, fill.clone());
        }
        rows.push(Value::from(row));
    }
    Ok(Value::from(rows))
}

pub(super) fn slice(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, slices, fill] = args.bind("do_slice", ["value", "slices", "fill_with"], 2)?;
    let slices = usize::try_from(int_or(slices.as_ref(), 0)?).unwrap_or(0);
    let all = items(&value.unwrap_or_default())?;
    if slices == 0 {
        return Err(fail("integer division or modulo by zero"));
    }
    if slices > 100_000 {
        return Err(fail("too many slices"));
    }
    let fill = given(fill);
    let (each, extra) = (all.len() / slices, all.len() % slices);
    let mut rows = Vec::with_capacity(slices);
    let mut start = 0;
    for number in 0..slices {
        let end = start + each + usize::from(number < extra);
        let mut row = all[start..end].to_vec();
        if number >= extra {
            row.extend(fill.clone());
        }
        rows.push(Value::from(row));
        start = end;
    }
    Ok(Value::from(rows))
}

pub(super) fn length(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("len")?;
    if value.is_undefined() {
        return Ok(Value::from(0));
    }
    value
        .len()
        .map(Value::from)
        .ok_or_else(|| fail(format!("object of type '{}' has no len()", type_name(value))))
}

pub(super) fn default(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, default, boolean] = args.bind("do_default", ["value", "default_value", "boolean"], 1)?;
    let value = value.unwrap_or_default();
    if value.is_undefined() || (bool_or(boolean.as_ref(), false) && !value.is_true()) {
        return Ok(default.unwrap_or_else(|| Value::from("")));
    }
    Ok(value)
}

fn compare(left: &Value, right: &Value) -> Ordering {
    // Python compares numbers and bools with each other, text with text.
    left.cmp(right)
}

fn lowered(value: Value, ignore_case: bool) -> Value {
    match as_text(&value) {
        Some(text) if ignore_case => Value::from(text.to_lowercase()),
        _ => value,
    }
}

/// Python refuses to order values of different kinds.
fn check_comparable(keys: &[Vec<Value>]) -> Result<(), Error> {
    let kind = |value: &Value| match value.kind() {
        ValueKind::Bool => ValueKind::Number,
        ValueKind::Iterable => ValueKind::Seq,
        kind => kind,
    };
    for pair in keys.windows(2) {
        for (left, right) in pair[0].iter().zip(&pair[1]) {
            let same = kind(left) == kind(right);
            let ordered = !matches!(kind(left), ValueKind::None | ValueKind::Map | ValueKind::Undefined);
            if !same || !ordered {
                return Err(fail(format!(
                    "'<' not supported between instances of '{}' and '{}'",
                    type_name(right),
                    type_name(left)
                )));
            }
            if compare(left, right) != Ordering::Equal {
                break;
            }
        }
    }
    Ok(())
}

/// Sorts values by keys, stable, also in reverse.
fn sort_by_keys(
    values: Vec<Value>,
    keys: Vec<Vec<Value>>,
    reverse: bool,
) -> Result<Vec<(Vec<Value>, Value)>, Error> {
    check_comparable(&keys)?;
    let mut keyed: Vec<(Vec<Value>, Value)> = keys.into_iter().zip(values).collect();
    let order = |a: &[Value], b: &[Value]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| compare(a, b))
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    };
    if reverse {
        keyed.sort_by(|a, b| order(&b.0, &a.0));
    } else {
        keyed.sort_by(|a, b| order(&a.0, &b.0));
    }
    Ok(keyed)
}

pub(super) fn dictsort(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, case_sensitive, by, reverse] =
        args.bind("do_dictsort", ["value", "case_sensitive", "by", "reverse"], 1)?;
    let value = value.unwrap_or_default();
    let by_value = match by.as_ref().map_or("key", |by| as_text(by).unwrap_or("")) {
        "key" => false,
        "value" => true,
        _ => return Err(fail("You can only sort by either \"key\" or \"value\"")),
    };
    if !is_plain_map(&value) {
        return Err(fail(format!("'{}' object has no attribute 'items'", type_name(&value))));
    }
    let ignore_case = !bool_or(case_sensitive.as_ref(), false);
    let entries = pairs(&value, false);
    let keys = entries
        .iter()
        .map(|(key, value)| vec![lowered(if by_value { value.clone() } else { key.clone() }, ignore_case)])
        .collect();
    let values = entries.into_iter().map(|(key, value)| Value::from(Tuple::from([key, value]))).collect();
    let sorted = sort_by_keys(values, keys, bool_or(reverse.as_ref(), false))?;
    Ok(sorted.into_iter().map(|(_, pair)| pair).collect())
}

pub(super) fn sort(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, reverse, case_sensitive, attribute] =
        args.bind("do_sort", ["value", "reverse", "case_sensitive", "attribute"], 1)?;
    let getters = Getter::several(given(attribute).as_ref(), !bool_or(case_sensitive.as_ref(), false));
    let values = items(&value.unwrap_or_default())?;
    let keys = values
        .iter()
        .map(|item| getters.iter().map(|getter| getter.get(item)).collect())
        .collect::<Result<Vec<Vec<Value>>, Error>>()?;
    let sorted = sort_by_keys(values, keys, bool_or(reverse.as_ref(), false))?;
    Ok(sorted.into_iter().map(|(_, value)| value).collect())
}

pub(super) fn unique(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, case_sensitive, attribute] =
        args.bind("do_unique", ["value", "case_sensitive", "attribute"], 1)?;
    let getter = Getter::new(given(attribute).as_ref(), !bool_or(case_sensitive.as_ref(), false), None);
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for item in items(&value.unwrap_or_default())? {
        if seen.insert(getter.get(&item)?) {
            kept.push(item);
        }
    }
    Ok(Value::from(kept))
}

fn extreme(function: &str, args: Args<'_>, wanted: Ordering) -> Result<Value, Error> {
    let [value, case_sensitive, attribute] =
        args.bind(function, ["value", "case_sensitive", "attribute"], 1)?;
    let getter = Getter::new(given(attribute).as_ref(), !bool_or(case_sensitive.as_ref(), false), None);
    let mut best: Option<(Value, Value)> = None;
    for item in items(&value.unwrap_or_default())? {
        let key = getter.get(&item)?;
        let better = match &best {
            None => true,
            Some((best_key, _)) => {
                check_comparable(&[vec![best_key.clone()], vec![key.clone()]])?;
                compare(&key, best_key) == wanted
            }
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or(Value::UNDEFINED, |(_, item)| item))
}

pub(super) fn min(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    extreme("do_min", args, Ordering::Less)
}

pub(super) fn max(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    extreme("do_max", args, Ordering::Greater)
}

pub(super) fn first(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_first")?;
    if value.is_none() {
        return Err(fail("'NoneType' object is not iterable"));
    }
    let mut items =
        value.try_iter().map_err(|_| fail(format!("'{}' object is not iterable", type_name(value))))?;
    Ok(items.next().unwrap_or_default())
}

pub(super) fn last(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_last")?;
    if let Some(text) = as_text(value) {
        return Ok(text.chars().next_back().map_or(Value::UNDEFINED, Value::from));
    }
    Ok(items(value)?.pop().unwrap_or_default())
}

pub(super) fn random(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_random")?;
    let all = items(value)?;
    if all.is_empty() {
        return Ok(Value::UNDEFINED);
    }
    Ok(all[super::super::builtins::random_below(all.len())].clone())
}

pub(super) fn list(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    items(args.only("do_list")?).map(Value::from)
}

pub(super) fn entries(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_items")?;
    if value.is_undefined() {
        return Ok(Value::from(Vec::<Value>::new()));
    }
    if !is_plain_map(value) {
        return Err(fail("Can only get item pairs from a mapping."));
    }
    Ok(pairs(value, false).into_iter().map(|(key, value)| Value::from(Tuple::from([key, value]))).collect())
}

pub(super) fn reverse(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_reverse")?;
    if let Some(text) = as_text(value) {
        let reversed: String = text.chars().rev().collect();
        return Ok(super::super::args::keep_safety(value, reversed));
    }
    let mut all = items(value).map_err(|_| fail("argument must be iterable"))?;
    all.reverse();
    Ok(Value::from(all))
}

pub(super) fn join(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, separator, attribute] = args.bind("do_join", ["value", "d", "attribute"], 1)?;
    let getter = given(attribute).map(|attribute| Getter::new(Some(&attribute), false, None));
    let mut all = items(&value.unwrap_or_default())?;
    if let Some(getter) = getter {
        for item in &mut all {
            *item = getter.get(item)?;
        }
    }
    let separator = separator.unwrap_or_else(|| Value::from(""));
    let safe = autoescape(state) && (separator.is_safe() || all.iter().any(Value::is_safe));
    let as_html = |value: &Value| -> String {
        let text = to_text(value);
        if safe && !value.is_safe() { escaped(&text) } else { text.into_owned() }
    };
    let separator = as_html(&separator);
    let mut out = String::new();
    for (index, item) in all.iter().enumerate() {
        if index > 0 {
            out.push_str(&separator);
        }
        out.push_str(&as_html(item));
    }
    Ok(if safe { Value::from_safe_string(out) } else { Value::from(out) })
}

/// What `groupby` answers for each group: a pair that also has names.
#[derive(Debug)]
struct Group {
    grouper: Value,
    list: Value,
}

impl Object for Group {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (key.as_usize(), key.as_str()) {
            (Some(0), _) | (_, Some("grouper")) => Some(self.grouper.clone()),
            (Some(1), _) | (_, Some("list")) => Some(self.list.clone()),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(2)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        python::write_repr(f, &self.grouper, false)?;
        f.write_str(", ")?;
        python::write_repr(f, &self.list, false)?;
        f.write_str(")")
    }
}

pub(super) fn groupby(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, attribute, default, case_sensitive] =
        args.bind("do_groupby", ["value", "attribute", "default", "case_sensitive"], 2)?;
    let default = given(default);
    let ignore_case = !bool_or(case_sensitive.as_ref(), false);
    let key_of = Getter::new(attribute.as_ref(), ignore_case, default.clone());
    let shown = Getter::new(attribute.as_ref(), false, default);
    let values = items(&value.unwrap_or_default())?;
    let keys =
        values.iter().map(|item| key_of.get(item).map(|key| vec![key])).collect::<Result<Vec<_>, Error>>()?;
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (mut key, item) in sort_by_keys(values, keys, false)? {
        let key = key.pop().unwrap_or_default();
        match groups.last_mut() {
            Some((last, members)) if *last == key => members.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    groups
        .into_iter()
        .map(|(_, members)| {
            let grouper = shown.get(members.first().unwrap_or(&Value::UNDEFINED))?;
            Ok(Value::from_object(Group { grouper, list: Value::from(members) }))
        })
        .collect::<Result<Vec<Value>, Error>>()
        .map(Value::from)
}

pub(super) fn map(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let (positional, named) = args.split();
    let [value, positional @ ..] = positional else {
        return Err(fail("map requires a filter argument"));
    };
    if !value.is_true() {
        return Ok(Value::from(Vec::<Value>::new()));
    }
    let all = items(value)?;
    let mut mapped = Vec::with_capacity(all.len());
    match positional {
        [] => {
            let named = named.ok_or_else(|| fail("map requires a filter argument"))?;
            let mut attribute = None;
            let mut default = None;
            for (key, value) in pairs(named, false) {
                match key.as_str() {
                    Some("attribute") => attribute = Some(value),
                    Some("default") => default = given(Some(value)),
                    _ => return Err(fail(format!("Unexpected keyword argument {}", python::to_repr(&key)))),
                }
            }
            let attribute = attribute.ok_or_else(|| fail("map requires a filter argument"))?;
            let getter = Getter::new(Some(&attribute), false, default);
            for item in &all {
                mapped.push(getter.get(item)?);
            }
        }
        [name, rest @ ..] => {
            let name = to_text(name).into_owned();
            let mut arguments = Vec::with_capacity(rest.len() + 2);
            for item in all {
                arguments.clear();
                arguments.push(item);
                arguments.extend_from_slice(rest);
                arguments.extend(named.cloned());
                mapped.push(
                    state.apply_filter(&name, &arguments).map_err(|error| unknown(error, "filter", &name))?,
                );
            }
        }
    }
    Ok(Value::from(mapped))
}

/// A filter or test named by a string is looked up while the template runs.
fn unknown(error: Error, what: &str, name: &str) -> Error {
    match error.kind() {
        minijinja::ErrorKind::UnknownFilter | minijinja::ErrorKind::UnknownTest
            if error.detail().is_none() =>
        {
            fail(format!("No {what} named {}.", python::to_repr(&Value::from(name))))
        }
        _ => error,
    }
}

fn choose(
    state: &mut State<'_, '_>,
    args: Args<'_>,
    wanted: bool,
    by_attribute: bool,
) -> Result<Value, Error> {
    let (positional, named) = args.split();
    let Some((value, mut positional)) = positional.split_first() else {
        return Err(fail("missing the sequence"));
    };
    if !value.is_true() {
        return Ok(Value::from(Vec::<Value>::new()));
    }
    let mut getter = None;
    if by_attribute {
        let [attribute, rest @ ..] = positional else {
            return Err(fail("Missing parameter for attribute name"));
        };
        getter = Some(Getter::new(Some(attribute), false, None));
        positional = rest;
    }
    let mut kept = Vec::new();
    let mut arguments = Vec::with_capacity(4);
    for item in items(value)? {
        let subject = match &getter {
            Some(getter) => getter.get(&item)?,
            None => item.clone(),
        };
        let passes = match positional {
            [] => subject.is_true(),
            [name, rest @ ..] => {
                arguments.clear();
                arguments.push(subject);
                arguments.extend_from_slice(rest);
                arguments.extend(named.cloned());
                let name = to_text(name);
                state.perform_test(&name, &arguments).map_err(|error| unknown(error, "test", &name))?
            }
        };
        if passes == wanted {
            kept.push(item);
        }
    }
    Ok(Value::from(kept))
}

pub(super) fn select(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    choose(state, args, true, false)
}

pub(super) fn reject(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    choose(state, args, false, false)
}

pub(super) fn selectattr(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    choose(state, args, true, true)
}

pub(super) fn rejectattr(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    choose(state, args, false, true)
}
