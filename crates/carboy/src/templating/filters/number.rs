//! Filters that calculate.

use minijinja::value::Tuple;
use minijinja::{Error, State, Value};

use super::super::args::{Args, Getter, fail, given, int_or, items};
use super::super::python::{self, as_f64, as_int, as_text, parse_float, parse_int, type_name};

pub(super) fn abs(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("abs")?;
    match (as_int(value), as_f64(value)) {
        (Some(number), _) => Ok(python::int(number.abs())),
        (_, Some(number)) => Ok(Value::from(number.abs())),
        _ => Err(fail(format!("bad operand type for abs(): '{}'", type_name(value)))),
    }
}

pub(super) fn int(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, default, base] = args.bind("do_int", ["value", "default", "base"], 1)?;
    let value = value.unwrap_or_default();
    let default = default.unwrap_or_else(|| Value::from(0));
    let base = u32::try_from(int_or(base.as_ref(), 10)?).unwrap_or(10);
    let whole = |number: f64| {
        (number.is_finite() && number.abs() < 1e38).then(|| python::int(number.trunc() as i128))
    };
    Ok(match as_text(&value) {
        Some(text) => parse_int(text, base).map(python::int).or_else(|| parse_float(text).and_then(whole)),
        None => as_int(&value).map(python::int).or_else(|| as_f64(&value).and_then(whole)),
    }
    .unwrap_or(default))
}

pub(super) fn float(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, default] = args.bind("do_float", ["value", "default"], 1)?;
    let value = value.unwrap_or_default();
    Ok(match as_text(&value) {
        Some(text) => parse_float(text),
        None => as_f64(&value),
    }
    .map(Value::from)
    .unwrap_or_else(|| default.unwrap_or_else(|| Value::from(0.0))))
}

pub(super) fn round(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, precision, method] = args.bind("do_round", ["value", "precision", "method"], 1)?;
    let value = value.unwrap_or_default();
    let precision = i32::try_from(int_or(precision.as_ref(), 0)?.clamp(-400, 400)).unwrap_or(0);
    let method = method.as_ref().map_or("common", |method| as_text(method).unwrap_or(""));
    if !matches!(method, "common" | "ceil" | "floor") {
        return Err(fail("method must be common, ceil or floor"));
    }
    let number = as_f64(&value)
        .ok_or_else(|| fail(format!("type {} doesn't define __round__ method", type_name(&value))))?;
    if method == "common" {
        return Ok(match as_int(&value) {
            Some(number) => python::int(round_int(number, precision)),
            None => Value::from(python::round_float(number, precision)),
        });
    }
    let factor = 10f64.powi(precision.abs());
    let scale = |number: f64| if precision < 0 { number / factor } else { number * factor };
    let scaled = if precision < 0 { number * (1.0 / factor) } else { scale(number) };
    let whole = if method == "ceil" { scaled.ceil() } else { scaled.floor() };
    Ok(Value::from(if precision < 0 { whole / (1.0 / factor) } else { whole / factor }))
}

/// Rounds to tens, hundreds … for a negative precision, ties to even.
fn round_int(number: i128, precision: i32) -> i128 {
    if precision >= 0 {
        return number;
    }
    let Some(unit) = 10i128.checked_pow(precision.unsigned_abs()) else {
        return 0;
    };
    let below = number.div_euclid(unit);
    let rest = number.rem_euclid(unit);
    let up = match (rest * 2).cmp(&unit) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => below % 2 != 0,
    };
    (below + i128::from(up)) * unit
}

pub(super) fn filesizeformat(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, binary] = args.bind("do_filesizeformat", ["value", "binary"], 1)?;
    let value = value.unwrap_or_default();
    let bytes = as_text(&value)
        .map_or_else(|| as_f64(&value), parse_float)
        .ok_or_else(|| fail(format!("could not convert {} to float", python::to_repr(&value))))?;
    let binary = binary.is_some_and(|binary| binary.is_true());
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes == 1.0 {
        return Ok(Value::from("1 Byte"));
    }
    if bytes < base {
        return Ok(Value::from(format!("{} Bytes", bytes.trunc() as i128)));
    }
    let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut unit = base;
    let mut prefix = "";
    for next in prefixes {
        unit *= base;
        prefix = next;
        if bytes < unit {
            break;
        }
    }
    let amount = base * bytes / unit;
    Ok(Value::from(if binary {
        format!("{amount:.1} {}iB", prefix.to_uppercase())
    } else {
        format!("{amount:.1} {prefix}B")
    }))
}

pub(super) fn sum(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, attribute, start] = args.bind("do_sum", ["iterable", "attribute", "start"], 1)?;
    let getter = Getter::new(given(attribute).as_ref(), false, None);
    let mut total = start.unwrap_or_else(|| Value::from(0));
    if as_text(&total).is_some() {
        return Err(fail("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in items(&value.unwrap_or_default())? {
        total = add(&total, &getter.get(&item)?)?;
    }
    Ok(total)
}

fn add(left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (as_int(left), as_int(right)) {
        return a.checked_add(b).map(python::int).ok_or_else(|| fail("the sum is too large"));
    }
    if let (Some(a), Some(b)) = (as_f64(left), as_f64(right)) {
        return Ok(Value::from(a + b));
    }
    if left.as_object().is_some() && right.as_object().is_some() && left.is_tuple() == right.is_tuple() {
        let mut all = items(left)?;
        all.extend(items(right)?);
        return Ok(if left.is_tuple() { Value::from(Tuple::from(all)) } else { Value::from(all) });
    }
    Err(fail(format!("unsupported operand type(s) for +: '{}' and '{}'", type_name(left), type_name(right))))
}
