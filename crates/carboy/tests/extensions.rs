//! Extensions: what they bring, what they need, and when they are told.

use carboy::{Extension, ExtensionFuture, Requirement, State, prelude::*, view};
use std::sync::{Arc, Mutex};

type Log = Arc<Mutex<Vec<String>>>;

macro_rules! extension {
    ($name:ident) => {
        struct $name(Log);
        impl Extension for $name {
            fn name(&self) -> &'static str {
                stringify!($name)
            }
            fn startup<'a>(&'a self, _: &'a Arc<State>) -> ExtensionFuture<'a, carboy::Result<()>> {
                Box::pin(async {
                    self.0.lock().unwrap().push(format!("{} starts", self.name()));
                    Ok(())
                })
            }
            fn shutdown<'a>(&'a self, _: &'a Arc<State>) -> ExtensionFuture<'a, ()> {
                Box::pin(async { self.0.lock().unwrap().push(format!("{} ends", self.name())) })
            }
        }
    };
}
extension!(Store);
extension!(Mailer);

/// It needs both.
struct Shop;
impl Extension for Shop {
    fn name(&self) -> &'static str {
        "Shop"
    }
    fn requires(&self) -> Vec<Requirement> {
        vec![Requirement::of::<Store>(), Requirement::of::<Mailer>()]
    }
}

struct Failing(&'static str);
impl Extension for Failing {
    fn name(&self) -> &'static str {
        "Failing"
    }
    fn init(&self, _: &mut App) -> carboy::Result<()> {
        if self.0 == "init" { Err(Error::msg("no address")) } else { Ok(()) }
    }
    fn startup<'a>(&'a self, _: &'a Arc<State>) -> ExtensionFuture<'a, carboy::Result<()>> {
        Box::pin(async { if self.0 == "startup" { Err(Error::msg("nobody answers")) } else { Ok(()) } })
    }
}

#[route("/")]
fn stored(_: Ext<Store>) -> &'static str {
    "stored"
}

fn refused(app: &mut App) -> String {
    app.build().err().expect("the app is refused").to_string()
}

#[test]
fn all_extensions_that_are_missing_are_named_together_with_those_that_ask() {
    let mut app = App::new("shop");
    app.ext(Shop).ext(Failing("init")).routes(routes![stored]);
    let said = refused(&mut app);
    for sentence in [
        "Failing: no address",
        "the extension Store is not registered: add `app.ext(Store::…)` where the app is made (asked for by: the extension Shop, stored)",
        "the extension Mailer is not registered: add `app.ext(Mailer::…)` where the app is made (asked for by: the extension Shop)",
    ] {
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
}

#[test]
fn what_an_extension_requires_may_be_registered_after_it() {
    let log = Log::default();
    let mut app = App::new("shop");
    app.ext(Shop).ext(Mailer(log.clone())).ext(Store(log)).routes(routes![stored]);
    assert_eq!(app.test_client().get("/").send().text(), "stored");
}

#[test]
fn an_extension_that_is_registered_twice_is_a_mistake() {
    let log = Log::default();
    let mut app = App::new("shop");
    app.ext(Store(log.clone())).ext(Store(log));
    assert!(refused(&mut app).contains("the extension Store is registered twice"));
}

#[test]
fn extensions_start_in_their_order_before_the_first_request_and_end_in_the_reverse_order() {
    let log = Log::default();
    let mut app = App::new("shop");
    app.ext(Store(log.clone())).ext(Mailer(log.clone()));
    let heard = log.clone();
    let note = move |_: view::Args| {
        heard.lock().unwrap().push("a request".to_owned());
        "noted"
    };
    app.add_url_rule("/note", "note", Some(view::view(note)), Default::default());
    let service = app.build().unwrap();
    service.test_client().get("/note").send();
    service.test_client().get("/note").send();
    service.shutdown();
    service.shutdown();
    let told = ["Store starts", "Mailer starts", "a request", "a request", "Mailer ends", "Store ends"];
    assert_eq!(*log.lock().unwrap(), told);
}

#[test]
fn a_start_that_fails_says_whose_and_why_and_ends_those_that_had_started() {
    let log = Log::default();
    let mut app = App::new("shop");
    app.ext(Store(log.clone())).ext(Failing("startup")).ext(Mailer(log.clone()));
    assert_eq!(refused(&mut app), "Failing: nobody answers");
    assert_eq!(*log.lock().unwrap(), ["Store starts", "Store ends"]);
}
