//! The options that must be known before the app is made: where its instance is, and whether it is debugged.
//!
//! `create_app()` runs before the command line is parsed as a whole, so these few are looked up by themselves, anywhere
//! among the process's arguments: `--instance FOLDER`, `--env-file FILE`, `--debug`, `--no-debug`.

use crate::config::Config;
use std::path::PathBuf;

/// The early options of a process.
#[derive(Debug, Default, Clone)]
pub(crate) struct Early {
    instance: Option<PathBuf>,
    env_file: Option<PathBuf>,
    debug: Option<bool>,
}

impl Early {
    /// Those of this process. A test binary has options of its own, so only an app's own binary is looked at.
    pub(crate) fn of_process() -> Self {
        if cfg!(test) { Early::default() } else { Early::parse(std::env::args().skip(1)) }
    }

    fn parse(args: impl IntoIterator<Item = String>) -> Self {
        let mut early = Early::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let (name, mut value) = match arg.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (arg, None),
            };
            match name.as_str() {
                "--instance" => early.instance = value.take().or_else(|| args.next()).map(PathBuf::from),
                "--env-file" | "-e" => {
                    early.env_file = value.take().or_else(|| args.next()).map(PathBuf::from)
                }
                "--debug" => early.debug = Some(true),
                "--no-debug" => early.debug = Some(false),
                "--" => break,
                _ => {}
            }
        }
        early
    }

    /// Applies them to a fresh configuration.
    pub(crate) fn configure(&self, config: &mut Config) {
        if let Some(instance) = &self.instance {
            config.set_instance_path(instance);
        }
        if let Some(file) = &self.env_file {
            config.from_env_file(file);
        }
        if let Some(debug) = self.debug {
            config.set("DEBUG", debug);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;
    use carboy_conformance::replay;
    use serde_json::json;

    // rows: R1 R9
    #[test]
    fn options_before_the_command_do_what_flasks_do() {
        let folder = std::env::temp_dir().join(format!("carboy-early-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("more");
        std::fs::write(&file, "FROM_FILE=1\n").unwrap();
        replay("flask-tools/early.json", "", &["debug", "variable"], 9, |case| {
            let environment = case["environment"].as_object().unwrap();
            let environment =
                environment.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
            let mut config = Config::for_app_in("probed", "", Environment::of(environment));
            let words =
                case["arguments"].as_array().unwrap().iter().map(|word| match word.as_str().unwrap() {
                    "more" => file.display().to_string(),
                    word => word.to_owned(),
                });
            Early::parse(words).configure(&mut config);
            let found = json!([config.get_bool("DEBUG").unwrap(), config.environment().get("FROM_FILE")]);
            assert_eq!(found, json!([case["debug"], case["variable"]]));
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn early_options_are_found_anywhere_on_the_command_line() {
        let early = Early::parse(["run", "--port", "1", "--instance=/srv/x", "--debug"].map(String::from));
        assert_eq!(early.instance, Some(PathBuf::from("/srv/x")));
        assert_eq!(early.debug, Some(true));
        assert_eq!(Early::parse(["--", "--debug"].map(String::from)).debug, None);
    }
}
