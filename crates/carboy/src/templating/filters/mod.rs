//! The 54 filters of Jinja 3.1, with its results to the byte.

mod html;
mod number;
mod sequence;
mod text;
mod urlize;
mod wrap;

pub(crate) use text::{capitalized, centered};

use minijinja::{AutoEscape, Environment, State};

/// Whether the template escapes what it prints.
fn autoescape(state: &State<'_, '_>) -> bool {
    !matches!(state.auto_escape(), AutoEscape::None)
}

/// Puts exactly Jinja's filters into the environment.
pub(super) fn install(environment: &mut Environment<'static>) {
    for surplus in ["bool", "chain", "lines", "split", "zip"] {
        environment.remove_filter(surplus);
    }
    environment.add_filter("abs", number::abs);
    environment.add_filter("attr", sequence::attr);
    environment.add_filter("batch", sequence::batch);
    environment.add_filter("capitalize", text::capitalize);
    environment.add_filter("center", text::center);
    environment.add_filter("count", sequence::length);
    environment.add_filter("d", sequence::default);
    environment.add_filter("default", sequence::default);
    environment.add_filter("dictsort", sequence::dictsort);
    environment.add_filter("e", html::escape);
    environment.add_filter("escape", html::escape);
    environment.add_filter("filesizeformat", number::filesizeformat);
    environment.add_filter("first", sequence::first);
    environment.add_filter("float", number::float);
    environment.add_filter("forceescape", html::forceescape);
    environment.add_filter("format", text::format);
    environment.add_filter("groupby", sequence::groupby);
    environment.add_filter("indent", text::indent);
    environment.add_filter("int", number::int);
    environment.add_filter("items", sequence::entries);
    environment.add_filter("join", sequence::join);
    environment.add_filter("last", sequence::last);
    environment.add_filter("length", sequence::length);
    environment.add_filter("list", sequence::list);
    environment.add_filter("lower", text::lower);
    environment.add_filter("map", sequence::map);
    environment.add_filter("max", sequence::max);
    environment.add_filter("min", sequence::min);
    environment.add_filter("pprint", text::pprint);
    environment.add_filter("random", sequence::random);
    environment.add_filter("reject", sequence::reject);
    environment.add_filter("rejectattr", sequence::rejectattr);
    environment.add_filter("replace", text::replace);
    environment.add_filter("reverse", sequence::reverse);
    environment.add_filter("round", number::round);
    environment.add_filter("safe", html::safe);
    environment.add_filter("select", sequence::select);
    environment.add_filter("selectattr", sequence::selectattr);
    environment.add_filter("slice", sequence::slice);
    environment.add_filter("sort", sequence::sort);
    environment.add_filter("string", text::string);
    environment.add_filter("striptags", html::striptags);
    environment.add_filter("sum", number::sum);
    environment.add_filter("title", text::title);
    environment.add_filter("tojson", html::tojson);
    environment.add_filter("trim", text::trim);
    environment.add_filter("truncate", text::truncate);
    environment.add_filter("unique", sequence::unique);
    environment.add_filter("upper", text::upper);
    environment.add_filter("urlencode", html::urlencode);
    environment.add_filter("urlize", urlize::urlize);
    environment.add_filter("wordcount", text::wordcount);
    environment.add_filter("wordwrap", wrap::wordwrap);
    environment.add_filter("xmlattr", html::xmlattr);
}
