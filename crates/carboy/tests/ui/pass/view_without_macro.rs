//! Views of closures, for rules that are made at run time.
use carboy::prelude::*;
use carboy::Result;
use carboy::view::{Args, View, view};

async fn named(args: Args) -> Result<String> {
    let id: u64 = args.get("id")?;
    let name: Option<String> = args.get("name")?;
    Ok(format!("{id}{name:?}"))
}

fn main() {
    let greeting = String::from("hi");
    assert!(matches!(view(move |_: Args| greeting.clone()), View::Sync(_)));
    assert!(matches!(view(|_: Args| ("made", 201)), View::Sync(_)));
    assert!(matches!(view(named), View::Async(_)));
    let closure = view(|args: Args| async move {
        let Form(form) = args.extract::<Form<()>>()?;
        Result::<_>::Ok(Json(form))
    });
    assert!(matches!(closure, View::Async(_)));
}
