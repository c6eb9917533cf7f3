//! What the vectors cannot say: custom converters, redirect functions, places of errors, and where this map is better
//! than Werkzeug's.

use std::time::{Duration, Instant};

use carboy_routing::{
    Args, Bind, BuildErrorKind, BuildOptions, ConvertError, Converter, MapOptions, MatchError, PathConverter,
    Redirect, Rule, RuleError, RuleErrorKind, RuleTemplate, StringConverter, Target, UrlMap, Value, Values,
    endpoint_prefix, subdomain, submount,
};

fn map(rules: impl IntoIterator<Item = Rule>) -> UrlMap {
    let mut map = UrlMap::default();
    map.extend(rules).unwrap();
    map
}

fn rule(text: &str) -> Rule {
    Rule::new(text).endpoint(text)
}

fn target(path: &str) -> Target<'_> {
    Target::new(Bind::new("localhost"), path)
}

fn found(map: &UrlMap, path: &str) -> (String, Args) {
    let found = map.matches(&target(path)).unwrap();
    (found.rule.get_endpoint().to_owned(), found.args)
}

fn redirect(map: &UrlMap, path: &str) -> Redirect {
    match map.matches(&target(path)) {
        Err(MatchError::Redirect(redirect)) => *redirect,
        other => panic!("{other:?}"),
    }
}

fn build(map: &UrlMap, endpoint: &str, values: Values) -> Result<String, String> {
    map.build(&Bind::new("localhost"), endpoint, &values, &BuildOptions::new())
        .map_err(|error| error.to_string())
}

/// Two digits and a letter, as a pair.
struct Code {
    isolating: bool,
}

impl Converter for Code {
    fn regex(&self) -> &str {
        if self.isolating { "[0-9]{2}[a-z]" } else { "[0-9]+/[a-z]" }
    }

    fn weight(&self) -> i32 {
        10
    }

    fn to_value(&self, text: &str) -> Result<Value, ConvertError> {
        if text.starts_with("00") {
            return Err(ConvertError::mismatch());
        }
        Ok(Value::List(vec![text[..2].into(), text[2..].into()]))
    }

    fn to_url(&self, value: &Value) -> Result<String, ConvertError> {
        match value {
            Value::List(pair) if pair.len() == 2 => Ok(format!("{}{}", pair[0], pair[1])),
            Value::Str(_) => Err(ConvertError::mismatch()),
            _ => Err(ConvertError::invalid("a pair is needed")),
        }
    }
}

#[test]
fn a_custom_converter_matches_by_its_expression_and_weight() {
    let mut map = UrlMap::default();
    map.add_converter("code", Code { isolating: true });
    map.extend([rule("/<name>"), rule("/<code:c>"), rule("/x<code:c>-<int:n>.<name>")]).unwrap();
    assert_eq!(found(&map, "/12a"), ("/<code:c>".to_owned(), Args::new().with("c", ["12", "a"])));
    assert_eq!(found(&map, "/12A").0, "/<name>");
    let (endpoint, args) = found(&map, "/x34b-7.y.z");
    assert_eq!(endpoint, "/x<code:c>-<int:n>.<name>");
    assert_eq!(args, Args::new().with("c", ["34", "b"]).with("n", 7).with("name", "y.z"));
}

#[test]
fn a_value_that_a_custom_converter_refuses_is_not_found() {
    let mut map = UrlMap::default();
    map.add_converter("code", Code { isolating: true });
    map.extend([rule("/<name>"), rule("/<code:c>")]).unwrap();
    assert_eq!(map.matches(&target("/00a")).unwrap_err(), MatchError::NotFound);
}

#[test]
fn a_custom_converter_whose_expression_names_a_slash_takes_the_rest_of_the_path() {
    let mut map = UrlMap::default();
    map.add_converter("code", Code { isolating: false });
    map.extend([rule("/<code:c>/end/"), rule("/<a>/<b>")]).unwrap();
    assert_eq!(found(&map, "/12/a/end/").0, "/<code:c>/end/");
    assert_eq!(redirect(&map, "/12/a/end").location(), "/12/a/end/");
    assert_eq!(found(&map, "/12/a").0, "/<a>/<b>");
}

#[test]
fn building_tries_the_next_rule_after_a_mismatch_and_stops_at_an_invalid_value() {
    let mut map = UrlMap::default();
    map.add_converter("code", Code { isolating: true });
    map.extend([Rule::new("/c/<code:c>").endpoint("e"), Rule::new("/s/<c>").endpoint("e")]).unwrap();
    assert_eq!(build(&map, "e", Values::new().with("c", ["12", "a"])).unwrap(), "/c/12a");
    assert_eq!(build(&map, "e", Values::new().with("c", "text")).unwrap(), "/s/text");
    let error =
        map.build(&Bind::new("h"), "e", &Values::new().with("c", 1), &BuildOptions::new()).unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (BuildErrorKind::Value, "a pair is needed".to_owned()));
}

/// Words joined by a separator that the rule gives.
struct Words(String);

impl Converter for Words {
    fn to_value(&self, text: &str) -> Result<Value, ConvertError> {
        Ok(text.split(&self.0).map(Value::from).collect::<Vec<_>>().into())
    }
}

#[test]
fn a_converter_factory_is_given_the_arguments_of_the_rule() {
    let mut map = UrlMap::default();
    map.add_converter_factory("words", |args| {
        let [separator] = args.bind(["separator"])?;
        let separator = separator.map_or(Some(","), Value::as_str).ok_or("the separator is text")?;
        Ok(Words(separator.to_owned()))
    });
    map.extend([rule("/a/<words:w>"), rule("/b/<words(separator='+'):w>"), rule("/c/<words(';'):w>")])
        .unwrap();
    for path in ["/a/x,y", "/b/x+y", "/c/x;y"] {
        assert_eq!(found(&map, path).1.get("w"), Some(&Value::from(["x", "y"])), "{path}");
    }
    let error = map.add(rule("/d/<words(1):w>")).unwrap_err();
    assert_eq!(error.kind(), RuleErrorKind::ConverterArguments);
    assert!(error.to_string().ends_with("the separator is text"), "{error}");
    let error = map.add(rule("/d/<words(sep=1):w>")).unwrap_err();
    assert!(error.to_string().ends_with("there is no argument 'sep'"), "{error}");
}

#[test]
fn a_custom_converter_may_replace_a_built_in_one_and_the_default() {
    struct Upper;
    impl Converter for Upper {
        fn regex(&self) -> &str {
            "[A-Z]+"
        }
    }
    let mut map = UrlMap::default();
    map.add_converter("default", Upper);
    map.add_converter("path", StringConverter::from_args(&Default::default()).unwrap());
    map.add_converter("rest", PathConverter);
    map.extend([rule("/<x>"), rule("/p/<path:x>"), rule("/r/<rest:x>")]).unwrap();
    assert!(map.matches(&target("/ab")).is_err());
    assert_eq!(found(&map, "/AB").0, "/<x>");
    assert!(map.matches(&target("/p/a/b")).is_err());
    assert_eq!(found(&map, "/r/a/b").1, Args::new().with("x", "a/b"));
}

#[test]
fn an_expression_that_could_backtrack_is_refused_when_the_rule_is_added() {
    struct LookAhead;
    impl Converter for LookAhead {
        fn regex(&self) -> &str {
            "(?!x)[a-z]+"
        }
    }
    let mut map = UrlMap::default();
    map.add_converter("look", LookAhead);
    let error = map.add(rule("/a/<look:x>/b")).unwrap_err();
    assert_eq!(error.kind(), RuleErrorKind::Pattern);
    assert_eq!(map.iter().len(), 0);
}

/// A converter of this expression.
struct Custom(&'static str);

impl Converter for Custom {
    fn regex(&self) -> &str {
        self.0
    }
}

#[test]
fn an_expression_that_compiles_to_too_much_is_refused_when_the_rule_is_added() {
    let add = |expression: &'static str| {
        let mut map = UrlMap::default();
        map.add_converter("custom", Custom(expression));
        map.add(rule("/<custom:x>")).map(|_| ())
    };
    for usual in
        [r"[a-z0-9-]{1,255}", r"\w+", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"\d{4}-\d{2}-\d{2}"]
    {
        add(usual).unwrap();
    }
    for huge in ["(?:[a-z]{100}){100}", "(?:(?:a{50}){50}){50}", r"\w{1,500}"] {
        let error = add(huge).unwrap_err();
        assert_eq!(error.kind(), RuleErrorKind::Pattern, "{huge}");
        assert!(error.to_string().contains("size limit"), "{error}");
    }
}

#[test]
fn an_error_of_a_rule_names_the_byte_at_which_it_begins() {
    let place = |rule: Rule| {
        let error = UrlMap::default().add(rule).unwrap_err();
        (error.kind(), error.position())
    };
    assert_eq!(place(rule("x")), (RuleErrorKind::MissingSlash, 0));
    assert_eq!(place(rule("/a/<b>/<")), (RuleErrorKind::Malformed, 7));
    assert_eq!(place(rule("/ü/<nope:x>")), (RuleErrorKind::UnknownConverter, 4));
    assert_eq!(place(rule("/<a>/<a>")), (RuleErrorKind::DuplicateArgument, 5));
    assert_eq!(place(rule("/<int(signed=True,min=-5):x>")), (RuleErrorKind::ConverterArguments, 18));
    assert_eq!(place(rule("/<int(nope=1):x>")), (RuleErrorKind::ConverterArguments, 1));
    assert_eq!(place(rule("/<string(minlength=3,maxlength=2):x>")), (RuleErrorKind::ConverterArguments, 1));
    assert_eq!(place(rule("/<any(1, b):x>")), (RuleErrorKind::ConverterArguments, 1));
    // Slashes that are merged count where they stood.
    assert_eq!(place(rule("//a///<nope:b>")), (RuleErrorKind::UnknownConverter, 6));
    assert_eq!(place(rule("/").methods(["POST"]).websocket()).0, RuleErrorKind::Methods);
    assert_eq!(place(rule("/<int:a>").defaults([("a", "x")])), (RuleErrorKind::Default, 1));
    assert_eq!(place(rule("/<a>").redirect_to("to/<b>")), (RuleErrorKind::RedirectTo, 3));
    let error = UrlMap::default().add(rule("/<a>").subdomain("x<nope:b>")).unwrap_err();
    assert_eq!((error.text(), error.position()), ("x<nope:b>", 1));
}

#[test]
fn a_rule_that_is_refused_leaves_the_map_as_it_was() {
    let mut map = map([rule("/a")]);
    map.add(rule("/<nope:x>")).unwrap_err();
    let id = map.add(rule("/b")).unwrap();
    assert_eq!(id.index(), 1);
    assert_eq!(map.rule(id).text(), "/b");
    assert_eq!(found(&map, "/b").0, "/b");
}

#[test]
fn a_redirect_function_sees_the_values_and_may_build_urls() {
    let map = map([
        Rule::new("/new/<int:id>").endpoint("new"),
        Rule::new("/old/<int:id>").redirect_to_with(|context| {
            let id = context.args.get("id").cloned();
            context.build("new", &Values::new().with("id", id)).unwrap()
        }),
        Rule::new("/away").redirect_to_with(|_| "https://other.example/x y".to_owned()),
        Rule::new("/relative").redirect_to_with(|_| "there".to_owned()),
    ]);
    assert_eq!(redirect(&map, "/old/7").location(), "/new/7");
    let away = redirect(&map, "/away");
    assert!(!away.is_same_host());
    assert_eq!(away.location(), "https://other.example/x%20y");
    let mounted = Target::new(Bind::new("localhost").script_name("/app"), "/relative").query("dropped=1");
    match map.matches(&mounted) {
        Err(MatchError::Redirect(redirect)) => assert_eq!(redirect.location(), "/app/there"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_path_makes_a_redirect_leave_the_host() {
    let map = map([
        rule("/"),
        rule("/<a>/"),
        rule("/<a>/<b>/"),
        rule("/p/<path:p>/"),
        Rule::new("/t/<path:p>").redirect_to("<p>"),
        Rule::new("/u/<path:p>").redirect_to("/<p>"),
        Rule::new("/v/<path:p>").redirect_to("htt<p>"),
        Rule::new("/w/<path:p>").redirect_to_with(|context| format!("/{}", context.args.get("p").unwrap())),
        Rule::new("/x/<path:p>")
            .redirect_to_with(|context| format!("/x/../{}", context.args.get("p").unwrap())),
    ]);
    let hosts = [
        "/evil.example",
        "//evil.example",
        "///evil.example",
        "\\evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "\t/evil.example",
        "/\t/evil.example",
        "\n/evil.example",
        "\r\n//evil.example",
        "http://evil.example",
        "https:evil.example",
        "http:/evil.example",
        "http:\\\\evil.example",
        "p://evil.example",
        "ps://evil.example",
        "javascript:alert(1)",
        ".//evil.example",
        "..//evil.example",
        "../..//evil.example",
        "%2f%2fevil.example",
        "@evil.example",
        "\u{0}//evil.example",
        " //evil.example",
        "?//evil.example",
        "#//evil.example",
        "\u{3000}//evil.example",
        "/./\\evil.example",
        "evil.example//",
        "a//\\evil.example//",
    ];
    let mut redirects = 0;
    for host in hosts {
        for prefix in ["", "/", "//", "/p/", "/p//", "/t/", "/u/", "/v/", "/w/", "/x/"] {
            for script_name in ["", "/", "/app", "//"] {
                let path = format!("{prefix}{host}");
                let target =
                    Target::new(Bind::new("localhost").script_name(script_name), &path).query("q=\r\nx: y");
                if let Err(MatchError::Redirect(redirect)) = map.matches(&target) {
                    redirects += 1;
                    let location = redirect.location();
                    assert!(redirect.is_same_host(), "{path:?}: {location}");
                    assert!(
                        location.starts_with('/') && !location[1..].starts_with(['/', '\\']),
                        "{path:?}: {location}"
                    );
                    assert!(
                        location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'),
                        "{path:?}: {location}"
                    );
                    assert!(!location.starts_with("/%09/") || location.contains("%09"), "{location}");
                }
            }
        }
    }
    assert!(redirects > 500, "{redirects}");
}

#[test]
fn a_redirect_is_relative_on_the_same_host_and_absolute_to_another() {
    let options = MapOptions { host_matching: true, ..MapOptions::default() };
    let mut map = UrlMap::new(options);
    map.extend([
        rule("/a/").host("a.example"),
        Rule::new("/d/").endpoint("d").host("b.example").defaults([("p", 1)]),
        Rule::new("/d/<int:p>").endpoint("d").host("a.example"),
    ])
    .unwrap();
    let at = |path| match map.matches(&Target::new(Bind::new("a.example"), path).query("x=1")) {
        Err(MatchError::Redirect(redirect)) => (redirect.location().into_owned(), redirect.absolute()),
        other => panic!("{other:?}"),
    };
    assert_eq!(at("/a"), ("/a/?x=1".to_owned(), "http://a.example/a/?x=1".to_owned()));
    assert_eq!(at("/d/1"), ("http://b.example/d/?x=1".to_owned(), "http://b.example/d/?x=1".to_owned()));
}

#[test]
fn an_integer_beyond_127_bits_does_not_match() {
    let map = map([rule("/<int(signed=True):n>")]);
    let most = i128::MAX.to_string();
    assert_eq!(found(&map, &format!("/{most}")).1, Args::new().with("n", i128::MAX));
    assert_eq!(found(&map, &format!("/{}", i128::MIN)).1, Args::new().with("n", i128::MIN));
    assert_eq!(found(&map, &format!("/{}1", "0".repeat(4000))).1, Args::new().with("n", 1));
    for text in [format!("{most}0"), "9".repeat(4300), "9".repeat(100_000)] {
        assert_eq!(map.matches(&target(&format!("/{text}"))).unwrap_err(), MatchError::NotFound);
    }
}

#[test]
fn an_alias_without_another_rule_is_served_instead_of_redirecting_to_itself() {
    let map = map([
        Rule::new("/only").endpoint("a").alias(),
        Rule::new("/get").endpoint("b").methods(["GET"]),
        Rule::new("/alias").endpoint("b").alias(),
    ]);
    assert_eq!(found(&map, "/only").0, "a");
    assert_eq!(redirect(&map, "/alias").location(), "/get");
    let post = Target::new(Bind::new("localhost").method("POST"), "/alias");
    assert_eq!(map.matches(&post).unwrap().rule.text(), "/alias");
}

#[test]
fn values_of_any_and_uuid_are_percent_encoded_like_all_others() {
    let map =
        map([Rule::new("/<any('c d', 'ü'):x>").endpoint("any"), Rule::new("/u/<uuid:x>").endpoint("uuid")]);
    assert_eq!(build(&map, "any", Values::new().with("x", "c d")).unwrap(), "/c%20d");
    assert_eq!(build(&map, "any", Values::new().with("x", "ü")).unwrap(), "/%C3%BC");
    assert_eq!(build(&map, "uuid", Values::new().with("x", "a?b")).unwrap(), "/u/a%3Fb");
}

#[test]
fn a_rule_without_a_host_builds_on_the_host_of_the_request() {
    let mut map = UrlMap::new(MapOptions { host_matching: true, ..MapOptions::default() });
    map.extend([rule("/a"), rule("/b").host("b.example")]).unwrap();
    assert_eq!(build(&map, "/a", Values::new()).unwrap(), "/a");
    let options = BuildOptions::new().external(true);
    assert_eq!(
        map.build(&Bind::new("H.example"), "/a", &Values::new(), &options).unwrap(),
        "http://h.example/a"
    );
    assert_eq!(build(&map, "/b", Values::new()).unwrap(), "http://b.example/b");
}

#[test]
fn rules_are_listed_in_the_order_in_which_they_were_added() {
    let map = map([
        Rule::new("/z/<a>").endpoint("e").tag(7),
        Rule::new("/y").endpoint("f").build_only(),
        Rule::new("/x/<a>/<b>").endpoint("e").methods(["post", "GET"]),
    ]);
    let shown: Vec<String> = map.iter().map(|rule| format!("{rule:?}")).collect();
    assert_eq!(
        shown,
        ["<Rule '/z/<a>' -> e>", "<Rule '/y' -> f>", "<Rule '/x/<a>/<b>' (GET, HEAD, POST) -> e>"]
    );
    assert_eq!(map.rules_of("e").map(Rule::text).collect::<Vec<_>>(), ["/x/<a>/<b>", "/z/<a>"]);
    assert_eq!(map.iter().map(Rule::get_tag).collect::<Vec<_>>(), [7, 0, 0]);
    assert!(map.is_endpoint_expecting("e", &["a", "b"]));
    assert!(!map.is_endpoint_expecting("e", &["c"]) && !map.is_endpoint_expecting("nope", &[]));
}

#[test]
fn the_variables_of_a_rule_name_their_converters() {
    let map = map([rule("/<a>/<int(min=3):b>").subdomain("<path:c>.x").defaults([("d", 1)])]);
    let rule = map.iter().next().unwrap();
    assert_eq!(rule.arguments().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    let variables: Vec<_> =
        rule.variables().iter().map(|own| (own.name(), own.converter_name(), own.is_in_host())).collect();
    assert_eq!(variables, [("c", "path", true), ("a", "default", false), ("b", "int", false)]);
    assert_eq!(rule.variable("b").unwrap().converter_args().named("min"), Some(&Value::Int(3)));
    assert_eq!(rule.variable("b").unwrap().converter().regex(), r"\d+");
}

#[test]
fn the_methods_of_a_path_are_listed_sorted() {
    let map = map([
        rule("/x").methods(["PUT"]),
        Rule::new("/<a>").endpoint("a").methods(["GET", "delete"]),
        Rule::new("/all").endpoint("all"),
    ]);
    assert_eq!(map.allowed_methods(&target("/x")).to_string(), "DELETE, GET, HEAD, PUT");
    assert!(map.allowed_methods(&target("/none/none")).is_empty());
    assert!(map.allowed_methods(&target("/all")).is_empty());
}

#[test]
fn rule_factories_keep_every_option_of_a_rule() {
    let rules = || {
        [Rule::new("/ws").endpoint("ws").websocket(), Rule::new("/a//b").endpoint("m").merge_slashes(false)]
    };
    let made = map(submount("/sub/", subdomain("api", endpoint_prefix("p.", rules()))));
    let ws = made.iter().next().unwrap();
    assert_eq!((ws.text(), ws.get_endpoint(), ws.get_subdomain()), ("/sub/ws", "p.ws", Some("api")));
    assert!(ws.is_websocket());
    let here = Bind::new("localhost").subdomain("api");
    assert!(made.matches(&Target::new(here, "/sub/a//b")).is_ok());
}

#[test]
fn a_rule_template_fills_texts_and_names_what_is_missing() {
    let template = RuleTemplate::new([Rule::new("/$name/${kind}s/$$")
        .endpoint("$name.list")
        .subdomain("${name}")
        .defaults([("title", Value::from("All of $name")), ("n", Value::from(1))])]);
    let rules = template.fill([("name", "user"), ("kind", "item")]).unwrap();
    assert_eq!((rules[0].text(), rules[0].get_endpoint()), ("/user/items/$", "user.list"));
    assert_eq!(rules[0].get_subdomain(), Some("user"));
    assert_eq!(rules[0].get_defaults(), &Values::new().with("title", "All of user").with("n", 1));
    let error: RuleError = template.fill([("name", "user")]).unwrap_err();
    assert_eq!((error.kind(), error.position()), (RuleErrorKind::Template, 7));
    assert_eq!(RuleTemplate::new([rule("/$")]).fill([]).unwrap_err().kind(), RuleErrorKind::Template);
}

/// The longest time that one match may take in a debug build on a busy machine. Backtracking would take years.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_hostile_path_does_not_make_variables_backtrack() {
    struct Loose;
    impl Converter for Loose {
        fn regex(&self) -> &str {
            "([a-z-]+)+"
        }
    }
    let kinds = [
        ("<v%>", "-"),
        ("<string(minlength=2):v%>", ""),
        ("<int:v%>", ""),
        ("<path:v%>", "-"),
        ("<any('-','--',a):v%>", ""),
        ("<loose:v%>", "-"),
    ];
    let mut map = UrlMap::default();
    map.add_converter("loose", Loose);
    for (index, (variable, separator)) in kinds.iter().enumerate() {
        let variables: Vec<String> =
            (0..24).map(|number| variable.replace('%', &number.to_string())).collect();
        map.add(Rule::new(format!("/{index}/{}!", variables.join(separator)))).unwrap();
    }
    let wanted =
        ["a-".repeat(24), "aa".repeat(24), "1".repeat(24), "a-".repeat(24), "a".repeat(24), "a-".repeat(24)];
    for (index, text) in wanted.iter().enumerate() {
        let text = text.trim_end_matches('-');
        assert_eq!(map.matches(&target(&format!("/{index}/{text}!"))).unwrap().args.len(), 24);
        for unit in ["-", "a-", "a", "1", "--a", "ü-"] {
            let path = format!("/{index}/{}", unit.repeat(8192 / unit.len()));
            let start = Instant::now();
            assert!(map.matches(&target(&path)).is_err());
            // Whether this one fits is another test's question.
            let _ = map.matches(&target(&format!("{path}!")));
            assert!(start.elapsed() < PATIENCE, "{index} {unit:?}: {:?}", start.elapsed());
        }
    }
}

#[test]
fn fifty_thousand_characters_are_matched_as_fast_as_they_are_read() {
    for expression in ["(?:a+)+", "(?:a|aa)+", "(?:a*)*b", "(?:.*a){12}", r"\w+\w+\w+"] {
        let mut map = UrlMap::default();
        map.add_converter("custom", Custom(expression));
        map.add(rule("/<custom:x>")).unwrap();
        let path = format!("/{}!", "a".repeat(50_000));
        // The best of five, so that a machine that is busy with something else does not count.
        let took = (0..5).map(|_| {
            let start = Instant::now();
            assert!(map.matches(&target(&path)).is_err(), "{expression}");
            start.elapsed()
        });
        let took = took.min().unwrap();
        assert!(took < Duration::from_millis(500), "{expression}: {took:?}");
    }
}

#[test]
fn a_hostile_path_does_not_make_the_search_backtrack_across_parts() {
    let mut map = UrlMap::default();
    // Every segment could be any of four variables, and no path of sixteen segments ends as a rule does.
    let kinds = ["<int:v%>", "<v%>", "<string(2):v%>", "x<v%>"];
    for rule in 0..512_usize {
        let parts: Vec<String> =
            (0..16).map(|part| kinds[(rule >> (part % 9)) % 4].replace('%', &part.to_string())).collect();
        map.add(Rule::new(format!("/{}/end{rule}", parts.join("/"))).endpoint("e")).unwrap();
    }
    let start = Instant::now();
    for segment in ["11", "x1", "xx"] {
        let path = format!("/{}", vec![segment; 17].join("/"));
        assert_eq!(map.matches(&target(&path)).unwrap_err(), MatchError::NotFound);
        assert_eq!(
            map.matches(&target(&format!("/{}", vec![segment; 4096].join("//")))).unwrap_err(),
            MatchError::NotFound
        );
    }
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn arguments_that_cannot_be_parsed_to_the_end_are_refused() {
    for text in ["/<string(a=):x>", "/<any(a, -):x>", "/<int(1,*):x>"] {
        let error = UrlMap::default().add(rule(text)).unwrap_err();
        assert_eq!(error.kind(), RuleErrorKind::ConverterArguments, "{text}");
        assert!(error.to_string().starts_with("Cannot parse converter argument"), "{error}");
    }
}
