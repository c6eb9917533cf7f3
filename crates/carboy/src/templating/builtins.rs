//! Jinja's own globals: `range`, `dict`, `lipsum`, `cycler`, `joiner`; `namespace` is the engine's.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectRepr, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::args::{Args, bool_or, fail, int_or, items};
use super::escape::escaped;
use super::python::{as_int, is_plain_map, pairs, type_name};

/// Puts Jinja's globals into the environment.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.remove_global("debug");
    environment.add_function("range", range);
    environment.add_function("dict", dict);
    environment.add_function("lipsum", lipsum);
    environment.add_function("cycler", cycler);
    environment.add_function("joiner", joiner);
    environment.add_function("namespace", namespace);
}

/// A random number below `limit`, which must not be 0.
pub(crate) fn random_below(limit: usize) -> usize {
    let random = getrandom::u64().unwrap_or(0);
    // The bias is below 2⁻³² for every list that fits into memory, and nothing secret hangs on it.
    usize::try_from((u128::from(random) * (limit as u128)) >> 64).unwrap_or(0)
}

/// Python's `range` object.
#[derive(Debug)]
struct Range {
    start: i64,
    stop: i64,
    step: i64,
    length: usize,
}

impl Object for Range {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let index = key.as_usize().filter(|index| *index < self.length)?;
        let offset = i64::try_from(index).ok()?.checked_mul(self.step)?;
        self.start.checked_add(offset).map(Value::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.length)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "range({}, {}", self.start, self.stop)?;
        if self.step != 1 {
            write!(f, ", {}", self.step)?;
        }
        f.write_str(")")
    }
}

/// The longest range in templates that run on fuel, as in Jinja's sandbox.
const LONGEST_RANGE: usize = 100_000;

fn range(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let number = |value: &Value| {
        as_int(value)
            .and_then(|number| i64::try_from(number).ok())
            .ok_or_else(|| fail(format!("'{}' object cannot be interpreted as an integer", type_name(value))))
    };
    let (start, stop, step) = match args.0 {
        [stop] => (0, number(stop)?, 1),
        [start, stop] => (number(start)?, number(stop)?, 1),
        [start, stop, step] => (number(start)?, number(stop)?, number(step)?),
        _ => return Err(fail(format!("range expected at most 3 arguments, got {}", args.0.len()))),
    };
    let distance = i128::from(stop) - i128::from(start);
    let length = match step {
        0 => return Err(fail("range() arg 3 must not be zero")),
        _ if (distance > 0) != (step > 0) || distance == 0 => 0,
        _ => usize::try_from(distance.unsigned_abs().div_ceil(u128::from(step.unsigned_abs())))
            .unwrap_or(usize::MAX),
    };
    if length > LONGEST_RANGE && state.fuel_levels().is_some() {
        return Err(fail(format!("Range too big. The sandbox blocks ranges larger than {LONGEST_RANGE}.")));
    }
    Ok(Value::from_object(Range { start, stop, step, length }))
}

fn dict(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let (positional, named) = args.split();
    let mut entries: IndexMap<Value, Value> = IndexMap::new();
    match positional {
        [] => {}
        [source] if is_plain_map(source) => entries.extend(pairs(source, false)),
        [source] => {
            for pair in items(source)? {
                match items(&pair)?.as_slice() {
                    [key, value] => entries.insert(key.clone(), value.clone()),
                    _ => return Err(fail("dictionary update sequence element has not length 2")),
                };
            }
        }
        _ => return Err(fail(format!("dict expected at most 1 argument, got {}", positional.len()))),
    }
    if let Some(named) = named {
        entries.extend(pairs(named, false));
    }
    Ok(Value::from_pairs(entries))
}

/// The engine's namespace takes a mapping or named values, Jinja's both.
fn namespace(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let (positional, named) = args.split();
    let mut entries: Vec<(Value, Value)> = match positional {
        [] => Vec::new(),
        [source] if is_plain_map(source) => pairs(source, false),
        _ => return Err(fail("namespace takes a mapping and named values")),
    };
    entries.extend(named.map(|named| pairs(named, false)).unwrap_or_default());
    minijinja::functions::namespace(Some(ValueOrKwargs::from(Value::from_pairs(entries))))
}

/// `cycler("odd", "even")`
#[derive(Debug)]
struct Cycler {
    items: Vec<Value>,
    position: AtomicUsize,
}

impl Object for Cycler {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "current" => self.items.get(self.position.load(Ordering::Relaxed)).cloned(),
            "pos" => Some(Value::from(self.position.load(Ordering::Relaxed))),
            "items" => Some(Value::from(self.items.clone())),
            _ => None,
        }
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        _: &[Value],
    ) -> Result<Value, Error> {
        match method {
            "next" => {
                let at = self.position.load(Ordering::Relaxed);
                self.position.store((at + 1) % self.items.len(), Ordering::Relaxed);
                Ok(self.items[at].clone())
            }
            "reset" => {
                self.position.store(0, Ordering::Relaxed);
                Ok(Value::from(()))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

fn cycler(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    if args.0.is_empty() {
        return Err(fail("at least one item has to be provided"));
    }
    Ok(Value::from_object(Cycler { items: args.0.to_vec(), position: AtomicUsize::new(0) }))
}

/// `joiner(", ")`
#[derive(Debug)]
pub(super) struct Joiner {
    separator: Value,
    used: AtomicBool,
}

impl Object for Joiner {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        Ok(if self.used.swap(true, Ordering::Relaxed) { self.separator.clone() } else { Value::from("") })
    }
}

fn joiner(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [separator] = args.bind("Joiner", ["sep"], 0)?;
    Ok(Value::from_object(Joiner {
        separator: separator.unwrap_or_else(|| Value::from(", ")),
        used: AtomicBool::new(false),
    }))
}

const WORDS: &str = "a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit \
    class commodo condimentum congue consectetuer consequat conubia convallis cras cubilia cum curabitur curae cursus \
    dapibus diam dictum dictumst dignissim dis dolor donec dui duis egestas eget eleifend elementum elit enim erat eros \
    est et etiam eu euismod facilisi facilisis fames faucibus felis fermentum feugiat fringilla fusce gravida habitant \
    habitasse hac hendrerit hymenaeos iaculis id imperdiet in inceptos integer interdum ipsum justo lacinia lacus laoreet \
    lectus leo libero ligula litora lobortis lorem luctus maecenas magna magnis malesuada massa mattis mauris metus mi \
    molestie mollis montes morbi mus nam nascetur natoque nec neque netus nibh nisi nisl non nonummy nostra nulla nullam \
    nunc odio orci ornare parturient pede pellentesque penatibus per pharetra phasellus placerat platea porta porttitor \
    posuere potenti praesent pretium primis proin pulvinar purus quam quis quisque rhoncus ridiculus risus rutrum sagittis \
    sapien scelerisque sed sem semper senectus sit sociis sociosqu sodales sollicitudin suscipit suspendisse taciti tellus \
    tempor tempus tincidunt torquent tortor tristique turpis ullamcorper ultrices ultricies urna ut varius vehicula vel \
    velit venenatis vestibulum vitae vivamus viverra volutpat vulputate";

fn lipsum(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [n, html, min, max] = args.bind("generate_lorem_ipsum", ["n", "html", "min", "max"], 0)?;
    let paragraphs = usize::try_from(int_or(n.as_ref(), 5)?).unwrap_or(0).min(10_000);
    let min = usize::try_from(int_or(min.as_ref(), 20)?).unwrap_or(0).min(10_000);
    let max = usize::try_from(int_or(max.as_ref(), 100)?).unwrap_or(0).min(10_000);
    if max <= min {
        return Err(fail(format!("empty range for randrange() ({min}, {max}, {})", max as i64 - min as i64)));
    }
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let between = |low: usize, high: usize| low + random_below(high - low);
    let mut result = Vec::with_capacity(paragraphs);
    for _ in 0..paragraphs {
        let (mut capital, mut last_comma, mut last_stop, mut last) = (true, 0, 0, "");
        let mut text = String::new();
        for index in 0..between(min, max) {
            let mut word = words[random_below(words.len())];
            while word == last {
                word = words[random_below(words.len())];
            }
            last = word;
            if index > 0 {
                text.push(' ');
            }
            if std::mem::take(&mut capital) {
                text.push_str(&super::filters::capitalized(word));
            } else {
                text.push_str(word);
            }
            if index > last_comma + between(3, 8) {
                last_comma = index;
                last_stop += 2;
                text.push(',');
            }
            if index > last_stop + between(10, 20) {
                (last_comma, last_stop) = (index, index);
                text.push('.');
                capital = true;
            }
        }
        if text.ends_with(',') {
            text.pop();
        }
        if !text.ends_with('.') {
            text.push('.');
        }
        result.push(text);
    }
    if !bool_or(html.as_ref(), true) {
        return Ok(Value::from(result.join("\n\n")));
    }
    let html: Vec<String> = result.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
    Ok(Value::from_safe_string(html.join("\n")))
}
