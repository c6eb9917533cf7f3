//! A rule is taken or refused; a path that it matches is built again from what was found in it, and matches again.
//!
//! The input: a line for each rule, an empty line, the path.
#![no_main]

use carboy_fuzz::{quick, text};
use carboy_routing::{Bind, BuildOptions, MapOptions, MatchError, Rule, Target, UrlMap, Values};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (rules, path) = text(data).split_once("\n\n").unwrap_or((text(data), "/"));
    quick(|| {
        let mut map = UrlMap::new(MapOptions::default());
        for (number, rule) in rules.lines().take(16).enumerate() {
            // A refused rule leaves the map as it was.
            let _ = map.add(Rule::new(rule).endpoint(number.to_string()));
        }
        let here = Bind::new("a.example");
        let mut path = path.to_owned();
        match map.matches(&Target::new(here, &path)) {
            Ok(_) => {}
            Err(MatchError::Redirect(redirect)) => {
                let location = redirect.location().into_owned();
                assert!(redirect.is_same_host());
                assert!(location.starts_with('/') && !location.starts_with("//"), "{location:?}");
                assert!(!location.starts_with("/\\"), "{location:?}");
                path = carboy_http::url::unquote(location.split('?').next().unwrap_or_default()).into_owned();
            }
            Err(_) => return,
        }
        let Ok(found) = map.matches(&Target::new(here, &path)) else { return };
        let values: Values = found.args.iter().map(|(name, value)| (name.to_owned(), value.clone())).fold(
            Values::new(),
            |mut values, (name, value)| {
                values.insert_named(name, value);
                values
            },
        );
        let endpoint = found.rule.get_endpoint();
        let Ok(url) = map.build(&here, endpoint, &values, &BuildOptions::new()) else { return };
        assert!(url.starts_with('/') && !url.starts_with("//"), "{url:?}");
        let built = carboy_http::url::unquote(url.split('?').next().unwrap_or_default()).into_owned();
        let again = map.matches(&Target::new(here, &built));
        let again = again.unwrap_or_else(|error| panic!("{path:?} was built as {url:?}: {error:?}"));
        // Another rule may claim the URL that was built; of the same rule the values are the same.
        if again.rule.get_endpoint() == endpoint {
            let same = again.args.iter().eq(found.args.iter());
            assert!(same, "{path:?} was built as {url:?}: {:?} {:?}", found.args, again.args);
        }
    });
});
