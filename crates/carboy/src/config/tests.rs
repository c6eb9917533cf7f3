use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use carboy_conformance::{Replay, load, replay};
use serde_json::{Value, json};

use super::*;

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("carboy-config-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn config(variables: &[(&str, &str)]) -> Config {
    Config::with_environment(Environment::of(variables.iter().copied()))
}

fn config_at(folder: &Folder) -> Config {
    Config::for_app_in("shop", &folder.0, Environment::of::<String, String>([]))
}

fn variables(of: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(of.clone()).unwrap()
}

/// What the configuration holds, with the words for numbers that JSON cannot hold marked as the vectors mark them.
fn comparable(value: &Value, expected: &Value) -> Value {
    if let (Value::String(text), Value::Object(marked)) = (value, expected)
        && let Some(mark) =
            ["$float", "$int"].into_iter().find(|mark| marked.get(*mark) == Some(&json!(text)))
    {
        return json!({ mark: text });
    }
    match (value, expected) {
        (Value::Array(list), Value::Array(other)) if list.len() == other.len() => {
            list.iter().zip(other).map(|(v, e)| comparable(v, e)).collect()
        }
        (Value::Object(map), Value::Object(other)) => map
            .iter()
            .map(|(k, v)| (k.clone(), comparable(v, other.get(k).unwrap_or(&Value::Null))))
            .collect(),
        _ => value.clone(),
    }
}

fn check_prefixed(case: &Value) {
    let mut config = Config::with_environment(Environment::of(variables(&case["env"])));
    let before = config.entries.clone();
    config.from_prefixed_env(case["prefix"].as_str().unwrap());
    let errors = config.take_errors();
    if let Some(sentence) = case["error"].as_str() {
        assert_eq!(errors.len(), 1, "{case}");
        assert!(errors[0].to_string().ends_with(sentence), "{case}: {}", errors[0]);
        return;
    }
    assert_eq!(errors, [], "{case}");
    let expected = case["config"].as_object().unwrap();
    for (key, wanted) in expected {
        let value = config.value(key).unwrap_or_else(|| panic!("{key} is missing: {case}"));
        assert_eq!(comparable(value, wanted), *wanted, "{key}: {case}");
    }
    let added = config.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(key, _)| key);
    let wanted = expected.keys().map(String::as_str).filter(|key| !before.contains_key(*key));
    assert!(added.eq(wanted), "{case}: {config:?}");
}

// rows: B1
#[test]
fn every_default_of_flask_is_there_in_its_order() {
    let flask = load("config/config.json")["defaults"].as_object().unwrap().clone();
    let ours: Vec<&str> = DEFAULT_KEYS.iter().map(|key| key.name).take(flask.len()).collect();
    assert!(flask.keys().eq(ours.iter()), "{ours:?}");
    let config = config(&[]);
    let mut replay = Replay::of("config/config.json", &[""]);
    for (key, value) in &flask {
        replay.case(key, value, |value| {
            let ours = config.value(key).unwrap();
            match key.as_str() {
                "MAX_CONTENT_LENGTH" => assert_eq!((value, ours), (&Value::Null, &json!(16 << 20))),
                _ if value.is_number() => assert_eq!(ours.as_f64(), value.as_f64(), "{key}"),
                _ => assert_eq!(ours, value, "{key}"),
            }
        });
    }
    replay.finish(29);
    assert_eq!(config.validate(), []);
}

// rows: B26
#[test]
fn values_of_the_environment_are_what_json_loads_makes_of_them() {
    replay("config/config.json", "/json", &["config"], 90, check_prefixed);
}

// rows: B27
#[test]
fn prefixed_variables_nest_and_fail_as_in_flask() {
    replay("config/config.json", "/prefixed", &["config", "error"], 23, check_prefixed);
}

// rows: B22
#[test]
fn a_mapping_gives_the_keys_that_python_calls_upper_case() {
    let vectors = load("config/config.json");
    let keys: Vec<String> = serde_json::from_value(vectors["mapping"]["keys"].clone()).unwrap();
    let mut config = config(&[]);
    config
        .set("SECRET_KEY", Value::Null)
        .from_mapping(keys.iter().map(|k| (k.clone(), json!(1))).collect::<Map<_, _>>());
    let taken: Vec<&String> = keys.iter().filter(|key| config.value(key) == Some(&json!(1))).collect();
    let mut replay = Replay::of("config/config.json", &["taken"]);
    replay.case("/mapping", &vectors["mapping"], |case| assert_eq!(json!(taken), case["taken"]));
    replay.finish(1);
}

// rows: B28
#[test]
fn a_namespace_is_cut_out_as_in_flask() {
    let mut config = config(&[]);
    config.from_mapping(&load("config/config.json")["namespace"]["config"]);
    replay("config/config.json", "/namespace/cases", &["result"], 4, |case| {
        let (name, lower, trim): (String, bool, bool) =
            serde_json::from_value(case["arguments"].clone()).unwrap();
        assert_eq!(Value::Object(config.get_namespace_as(&name, lower, trim)), case["result"], "{case}");
    });
}

#[test]
fn dotenv_files_are_read_as_python_dotenv_reads_them() {
    let outside = |name: &str| match name {
        "OUT" => Some("outside".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    replay("config/config.json", "/dotenv", &["values"], 120, |case| {
        let (values, _) = dotenv::parse(case["text"].as_str().unwrap(), outside);
        let values: Value = values.into_iter().map(|(name, value)| (name, json!(value))).collect();
        assert_eq!(values, case["values"], "{case}");
    });
}

// rows: R8
#[test]
fn the_environment_comes_before_the_named_file_and_that_before_dotenv_and_flaskenv() {
    replay("config/config.json", "/precedence", &["result"], 13, |case| {
        let folder = Folder::new();
        let here = folder.0.join("here");
        fs::create_dir(&here).unwrap();
        let files = variables(&case["files"]);
        for (name, text) in &files {
            fs::write(here.join(name), text).unwrap();
        }
        let mut config = Config::with_environment(Environment::of(variables(&case["env"])));
        config.from_dotenv_in(&here);
        if files.contains_key("explicit") {
            config.from_env_file(here.join("explicit"));
        }
        let names = config.environment().names("");
        let result: BTreeMap<String, String> = names
            .into_iter()
            .filter_map(|name| Some((name.clone(), config.environment().get(&name)?)))
            .collect();
        assert_eq!(json!(result), case["result"], "{case}");
    });
}

// rows: B2
#[test]
fn debug_comes_from_flask_debug_as_flask_reads_it() {
    replay("config/config.json", "/debug", &["on"], 19, |case| {
        let config = match case["value"].as_str() {
            Some(value) => config(&[("FLASK_DEBUG", value)]),
            None => config(&[]),
        };
        assert_eq!(config.value("DEBUG"), Some(&case["on"]), "{case}");
    });
}

#[test]
fn the_apps_own_debug_variable_comes_before_flask_debug() {
    let environment = Environment::of([("MY_SHOP_DEBUG", "0"), ("FLASK_DEBUG", "1")]);
    assert!(!Config::for_app_in("my-shop", ".", environment.clone()).get_bool("DEBUG").unwrap());
    assert!(Config::for_app_in("other", ".", environment).get_bool("DEBUG").unwrap());
}

#[test]
fn a_dotenv_file_read_late_counts_as_if_it_had_been_there_from_the_start() {
    let folder = Folder::new();
    folder.write(
        ".env",
        "SHOP_A=late\nSHOP_B=late\nSHOP_C=late\nSHOP_SETTINGS=settings.json\nFLASK_DEBUG=1\nSHOP_D=late\n",
    );
    folder.write("settings.json", r#"{"E": "file"}"#);
    let mut config = Config::for_app_in("shop", &folder.0, Environment::of([("SHOP_C", "real")]));
    config
        .set("A", "before")
        .from_prefixed_env("SHOP")
        .from_envvar("SHOP_SETTINGS")
        .set("B", "after")
        .set_default("D", "default");
    assert_eq!(config.get_str("A").unwrap(), Some("before"));
    config.from_dotenv_in(&folder.0);
    assert_eq!(config.take_errors(), []);
    let texts = ["A", "B", "C", "D", "E"].map(|key| config.get_str(key).unwrap().unwrap());
    assert_eq!(texts, ["late", "after", "real", "late", "file"]);
    assert!(config.get_bool("DEBUG").unwrap());
    assert_eq!(std::env::var_os("SHOP_A"), None);
}

#[test]
fn toml_and_json_files_give_their_upper_case_keys() {
    let folder = Folder::new();
    folder.write("a.toml", "NAME = 'shop'\nlower = 1\nWHEN = 2024-05-06T07:08:09Z\nHUGE = inf\nLIST = [1, 2.5]\n[MAIL]\nserver = 'x'\n");
    folder.write("a.json", r#"{"NAME": "json", "lower": 1, "N": null}"#);
    let mut config = config_at(&folder);
    config.from_toml("a.toml");
    assert_eq!(config.value("MAIL"), Some(&json!({"server": "x"})));
    assert_eq!(config.get_str("WHEN").unwrap(), Some("2024-05-06T07:08:09Z"));
    assert_eq!(config.get::<f64>("HUGE").unwrap(), Some(f64::INFINITY));
    assert_eq!(config.get::<Vec<f64>>("LIST").unwrap(), Some(vec![1.0, 2.5]));
    assert!(!config.contains_key("lower"));
    assert_eq!(config.source("NAME"), Some(&Source::File(folder.0.join("a.toml"))));
    config.from_json("a.json");
    assert_eq!(config.get_str("NAME").unwrap(), Some("json"));
    assert_eq!(config.get::<String>("N").unwrap(), None);
    assert_eq!(config.take_errors(), []);
}

#[test]
fn the_name_of_a_file_says_its_format() {
    let folder = Folder::new();
    folder.write("a.toml", "A = 1");
    folder.write("b.JSON", r#"{"B": 2}"#);
    folder.write("c.ini", "C = 3");
    let mut config = config_at(&folder);
    config.from_file("a.toml").from_file("b.JSON").from_file("c.ini");
    assert_eq!((config.get("A").unwrap(), config.get("B").unwrap()), (Some(1), Some(2)));
    let errors = config.take_errors();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("ends neither in .toml nor in .json"));
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_unless_silent() {
    let folder = Folder::new();
    let mut config = config_at(&folder);
    config
        .from_toml_silent("no.toml")
        .from_json_silent("no.json")
        .from_file_silent("no.toml")
        .from_file_silent(".json");
    fs::create_dir(folder.0.join("folder.toml")).unwrap();
    config.from_file_silent("folder.toml").from_envvar_silent("SHOP_SETTINGS");
    let errors = config.take_errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    config.from_toml("no.toml").from_json("folder.toml").from_envvar("SHOP_SETTINGS");
    let errors: Vec<String> = config.take_errors().iter().map(ToString::to_string).collect();
    let path = folder.0.join("no.toml");
    assert_eq!(
        errors[0],
        format!("Unable to load configuration file (No such file or directory): '{}'", path.display())
    );
    assert!(errors[1].contains("(Is a directory)"), "{}", errors[1]);
    assert!(errors[2].starts_with("The environment variable 'SHOP_SETTINGS' is not set"), "{}", errors[2]);
    assert!(config.take_errors().is_empty());
}

#[test]
fn a_file_that_does_not_parse_is_told_with_its_place() {
    let folder = Folder::new();
    folder.write("bad.toml", "A = 1\nB = = 2\n");
    folder.write("bad.json", "{\"A\": 1,\n}");
    folder.write("list.json", "[1]");
    fs::write(folder.0.join("latin.toml"), b"A = '\xe9'").unwrap();
    let mut config = config_at(&folder);
    config.from_toml("bad.toml").from_json("bad.json").from_json("list.json").from_toml("latin.toml");
    let errors = config.take_errors();
    let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(sentences[0].contains("line 2 column 5"), "{}", sentences[0]);
    assert!(sentences[1].contains("line 2 column 1"), "{}", sentences[1]);
    assert!(sentences[2].contains("not a mapping"), "{}", sentences[2]);
    assert!(sentences[3].contains("not UTF-8"), "{}", sentences[3]);
    assert!(sentences.iter().all(|sentence| !sentence.contains('\n')));
    assert!(errors.iter().all(|error| error.kind() == ConfigErrorKind::Syntax));
}

#[test]
fn files_are_relative_to_the_root_or_the_instance_folder() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("instance")).unwrap();
    folder.write("c.toml", "A = 'root'");
    folder.write("instance/c.toml", "A = 'instance'");
    let mut config = config_at(&folder);
    config.set_instance_path(folder.0.join("instance")).from_toml("c.toml");
    assert_eq!(config.get_str("A").unwrap(), Some("root"));
    config.instance_relative(true).from_toml("c.toml");
    assert_eq!(config.get_str("A").unwrap(), Some("instance"));
    config.set_instance_path("relative");
    assert_eq!(config.instance_path(), folder.0.join("instance"));
    assert!(config.take_errors()[0].to_string().contains("must be absolute"));
    let elsewhere = Config::for_app_in("my shop", "", Environment::of([("MY_SHOP_INSTANCE", "/srv/shop")]));
    assert_eq!(elsewhere.instance_path(), Path::new("/srv/shop"));
}

#[test]
fn a_value_of_the_wrong_type_is_told_with_its_key_and_source() {
    let mut config = config(&[("SHOP_PORT", "many"), ("SHOP_API_KEY", "hunter2")]);
    config.from_prefixed_env("SHOP");
    let error = config.get::<u16>("PORT").unwrap_err();
    assert_eq!((error.kind(), error.key()), (ConfigErrorKind::Invalid, Some("PORT")));
    let sentence = error.to_string();
    assert!(sentence.starts_with(
        "The configuration key 'PORT' from the environment variable 'SHOP_PORT' does not fit: "
    ));
    assert!(sentence.contains("\"many\""), "{sentence}");
    let secret = config.get::<u16>("API_KEY").unwrap_err().to_string();
    assert!(!secret.contains("hunter2"), "{secret}");
    assert_eq!(config.require::<u16>("NOPE").unwrap_err().kind(), ConfigErrorKind::Missing);
}

#[test]
fn a_number_in_the_environment_serves_where_text_is_wanted() {
    let mut config = config(&[
        ("SHOP_PIN", "0123"),
        ("SHOP_SECRET_KEY", "12345678"),
        ("SHOP_ON", "True"),
        ("SHOP_NAN", "NaN"),
    ]);
    config.from_prefixed_env("SHOP");
    assert_eq!(config.get::<String>("PIN").unwrap().as_deref(), Some("0123"));
    assert_eq!(config.get::<u32>("SECRET_KEY").unwrap(), Some(12_345_678));
    assert_eq!(config.signing_keys().unwrap(), [b"12345678"]);
    assert_eq!(config.get::<bool>("ON").unwrap(), Some(true));
    assert!(config.get::<f64>("NAN").unwrap().unwrap().is_nan());
    assert_eq!(config.validate(), []);
}

#[test]
fn switches_understand_the_words_people_write() {
    let mut config = config(&[]);
    for (value, on) in [
        (json!(true), true),
        (json!(1), true),
        (json!(0), false),
        (json!("True"), true),
        (json!("off"), false),
        (json!(""), false),
        (Value::Null, false),
    ] {
        config.set("X", &value);
        assert_eq!(config.get_bool("X"), Ok(on), "{value}");
    }
    assert!(!config.get_bool("ABSENT").unwrap());
    assert!(config.set("X", "maybe").get_bool("X").is_err());
}

#[test]
fn keys_may_be_bytes_and_the_signing_key_is_last() {
    let mut config = config(&[]);
    assert!(config.signing_keys().unwrap().is_empty());
    config.set("SECRET_KEY", b"\xff\x00new").set("SECRET_KEY_FALLBACKS", ["old", "older"]);
    assert_eq!(config.signing_keys().unwrap(), [b"old".to_vec(), b"older".to_vec(), b"\xff\x00new".to_vec()]);
    config.set("SECRET_KEY_FALLBACKS", "old");
    assert!(config.signing_keys().is_err());
}

#[test]
fn durations_are_seconds() {
    let mut config = config(&[]);
    assert_eq!(
        config.get_duration("PERMANENT_SESSION_LIFETIME").unwrap(),
        Some(Duration::from_hours(31 * 24))
    );
    config.set("PERMANENT_SESSION_LIFETIME", Duration::from_millis(1500));
    assert_eq!(config.get_duration("PERMANENT_SESSION_LIFETIME").unwrap(), Some(Duration::from_millis(1500)));
    assert!(config.set("PERMANENT_SESSION_LIFETIME", -1).get_duration("PERMANENT_SESSION_LIFETIME").is_err());
}

#[test]
fn known_keys_are_checked_together() {
    let mut config = config(&[]);
    config
        .set("MAX_CONTENT_LENGTH", -1)
        .set("SYNC_VIEWS", "sometimes")
        .set("SESSION_COOKIE_SAMESITE", "lax")
        .set("SECRET_KEY", "")
        .set("TRUSTED_HOSTS", "example.com");
    let keys: Vec<String> = config.validate().iter().map(|error| error.key().unwrap().to_owned()).collect();
    assert_eq!(keys, ["SECRET_KEY", "TRUSTED_HOSTS", "MAX_CONTENT_LENGTH", "SYNC_VIEWS"]);
}

#[test]
fn what_cannot_be_stored_is_collected() {
    let mut config = config(&[]);
    config.set("A", BTreeMap::from([((1, 2), 3)])).from_mapping([1, 2]).set("B", 1);
    assert_eq!(config.take_errors().len(), 2);
    assert_eq!(config.get("B").unwrap(), Some(1));
}

#[test]
fn secrets_are_not_printed() {
    let mut config = config(&[]);
    config
        .set("SECRET_KEY", "hush-1")
        .set("SECRET_KEY_FALLBACKS", ["hush-2"])
        .set("DATABASE_URL", "postgres://u:hush-3@h/db")
        .set("MAIL", json!({"server": "mx", "password": "hush-4"}))
        .set("PROVIDERS", json!([{"client_secret": "hush-5"}]));
    let printed = format!("{config:?}");
    assert!(!printed.contains("hush"), "{printed}");
    assert!(printed.contains("mx") && printed.contains("[redacted]"));
}
