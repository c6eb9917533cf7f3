//! The 39 tests of Jinja 3.1 (what stands after `is`).

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, State, Value};

use super::args::{Args, fail};
use super::python::{as_f64, as_int, is_plain_map, to_text, type_name};

/// Puts exactly Jinja's tests into the environment; comparisons and `in` are the engine's own.
pub(super) fn install(environment: &mut Environment<'static>) {
    for surplus in ["int", "startingwith", "endingwith", "safe"] {
        environment.remove_test(surplus);
    }
    environment.add_test("callable", |_: &mut State<'_, '_>, args: Args<'_>| yes(args, is_callable));
    environment.add_test("divisibleby", divisibleby);
    environment.add_test("escaped", |_: &mut State<'_, '_>, args: Args<'_>| yes(args, Value::is_safe));
    environment.add_test("even", |_: &mut State<'_, '_>, args: Args<'_>| remainder(args.0, 0.0));
    environment.add_test("odd", |_: &mut State<'_, '_>, args: Args<'_>| remainder(args.0, 1.0));
    environment.add_test("integer", |_: &mut State<'_, '_>, args: Args<'_>| yes(args, Value::is_integer));
    environment.add_test("iterable", |_: &mut State<'_, '_>, args: Args<'_>| {
        yes(args, |value| !value.is_none() && value.kind() != ValueKind::Plain && value.try_iter().is_ok())
    });
    environment.add_test("lower", |_: &mut State<'_, '_>, args: Args<'_>| {
        yes(args, |value| is_lower(&to_text(value)))
    });
    environment.add_test("mapping", |_: &mut State<'_, '_>, args: Args<'_>| yes(args, is_plain_map));
    environment.add_test("number", |_: &mut State<'_, '_>, args: Args<'_>| {
        yes(args, |value| matches!(value.kind(), ValueKind::Number | ValueKind::Bool))
    });
    environment.add_test("sequence", |_: &mut State<'_, '_>, args: Args<'_>| {
        yes(args, |value| match value.kind() {
            ValueKind::String | ValueKind::Bytes | ValueKind::Seq | ValueKind::Undefined => true,
            ValueKind::Map => is_plain_map(value),
            ValueKind::Iterable => value.len().is_some(),
            _ => false,
        })
    });
    environment.add_test("string", |_: &mut State<'_, '_>, args: Args<'_>| {
        yes(args, |value| value.kind() == ValueKind::String)
    });
    environment.add_test("upper", |_: &mut State<'_, '_>, args: Args<'_>| {
        yes(args, |value| is_upper(&to_text(value)))
    });
}

fn yes(args: Args<'_>, test: impl Fn(&Value) -> bool) -> Result<bool, Error> {
    args.only("test").map(test)
}

/// `str.islower`: at least one cased character, none in upper case.
pub(crate) fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)
}

/// `str.isupper`: at least one cased character, none in lower case.
pub(crate) fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}

/// Whether the value can be called: functions, macros and objects that say so.
fn is_callable(value: &Value) -> bool {
    // Python's undefined objects have `__call__`, which raises.
    value.is_undefined()
        || value.as_object().is_some_and(|object| {
            let name = object.type_name();
            name.starts_with("minijinja::functions::")
                || name.starts_with("minijinja::vm::macro_object::")
                || name.starts_with("minijinja::vm::loop_object::")
                || value.downcast_object_ref::<super::builtins::Joiner>().is_some()
                || value.downcast_object_ref::<super::macros::ExtendedMacro>().is_some()
        })
}

fn modulo(value: &Value, by: f64) -> Result<f64, Error> {
    if let (Some(value), true) = (as_int(value), by.fract() == 0.0) {
        return Ok(value.rem_euclid(by as i128) as f64);
    }
    as_f64(value)
        .map(|value| value.rem_euclid(by))
        .ok_or_else(|| fail(format!("unsupported operand type(s) for %: '{}' and 'int'", type_name(value))))
}

fn remainder(args: &[Value], wanted: f64) -> Result<bool, Error> {
    let value = Args(args).only("test")?;
    if value.is_undefined() {
        return Err(super::args::undefined(""));
    }
    Ok(modulo(value, 2.0)? == wanted)
}

fn divisibleby(_: &mut State<'_, '_>, args: Args<'_>) -> Result<bool, Error> {
    let [value, by] = args.bind("test_divisibleby", ["value", "num"], 2)?;
    let by = by.as_ref().and_then(as_f64).ok_or_else(|| fail("divisibleby takes a number"))?;
    if by == 0.0 {
        return Err(fail("integer modulo by zero"));
    }
    Ok(modulo(&value.unwrap_or_default(), by.abs())? == 0.0)
}
