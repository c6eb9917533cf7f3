//! A type with a function for each HTTP method: Flask's `MethodView`.

use super::{Args, IntoResponse, View};
use crate::{Error, Result, registry::RuleOptions};
use carboy_http::Response;
use std::{future::Future, sync::Arc};

/// A view with a function for each HTTP method that it answers.
///
/// One value answers all requests (Flask's `init_every_request = False`), so it holds what is configured, not what belongs
/// to a request. HEAD is answered by `get` unless `head` is defined; a method that is not in [`METHODS`](Self::METHODS) is
/// answered with 405. Register it with [`add_method_view`](crate::Scaffold::add_method_view).
///
/// ```
/// use carboy::{App, MethodView, Result, Scaffold, method_view, view::Args};
///
/// struct Items { kind: &'static str }
///
/// #[method_view]
/// impl MethodView for Items {
///     async fn get(&self, args: Args) -> Result<String> {
///         let id: u64 = args.get("id")?;
///         Ok(format!("{} {id}", self.kind))
///     }
///     async fn delete(&self, _: Args) -> (&'static str, u16) {
///         ("", 204)
///     }
/// }
///
/// let mut app = App::new("shop");
/// app.add_method_view("/books/<int:id>", "book", Items { kind: "book" });
/// app.add_method_view("/films/<int:id>", "film", Items { kind: "film" });
/// ```
pub trait MethodView: Send + Sync + 'static {
    /// The methods in upper case; `#[method_view]` fills them in.
    const METHODS: &'static [&'static str];

    /// Answers GET, and HEAD unless [`head`](Self::head) is defined.
    fn get(&self, args: Args) -> impl Future<Output: IntoResponse> + Send {
        unimplemented_method("GET", args)
    }

    /// Answers HEAD.
    fn head(&self, args: Args) -> impl Future<Output: IntoResponse> + Send {
        unimplemented_method("HEAD", args)
    }

    /// Answers POST.
    fn post(&self, args: Args) -> impl Future<Output: IntoResponse> + Send {
        unimplemented_method("POST", args)
    }

    /// Answers PUT.
    fn put(&self, args: Args) -> impl Future<Output: IntoResponse> + Send {
        unimplemented_method("PUT", args)
    }

    /// Answers PATCH.
    fn patch(&self, args: Args) -> impl Future<Output: IntoResponse> + Send {
        unimplemented_method("PATCH", args)
    }

    /// Answers DELETE.
    fn delete(&self, args: Args) -> impl Future<Output: IntoResponse> + Send {
        unimplemented_method("DELETE", args)
    }

    /// Answers OPTIONS, which is otherwise answered for the view.
    fn options(&self, args: Args) -> impl Future<Output: IntoResponse> + Send {
        unimplemented_method("OPTIONS", args)
    }

    /// Answers TRACE.
    fn trace(&self, args: Args) -> impl Future<Output: IntoResponse> + Send {
        unimplemented_method("TRACE", args)
    }
}

/// A method that `METHODS` names and the type does not define: a mistake, with Flask's sentence.
fn unimplemented_method(method: &str, _: Args) -> std::future::Ready<Result<Response>> {
    std::future::ready(Err(Error::msg(format!("Unimplemented method '{method}'"))))
}

/// A value as a callable view, and the options of a rule with the methods that it answers.
///
/// Use it with `add_url_rule` where a rule needs further options.
pub fn method_view<V: MethodView>(value: V) -> (View, RuleOptions) {
    let methods = V::METHODS.iter().map(|method| (*method).to_owned()).collect();
    (view_of(value), RuleOptions { methods: Some(methods), ..RuleOptions::default() })
}

fn view_of<V: MethodView>(value: V) -> View {
    let value = Arc::new(value);
    View::Async(Box::new(move |context| {
        let value = value.clone();
        Box::pin(async move {
            let request =
                context.request().ok_or_else(|| Error::msg("a view needs the context of a request"))?;
            let method = request.method().clone();
            let args = Args::new(context.clone());
            match method.as_str() {
                "HEAD" if V::METHODS.contains(&"HEAD") => value.head(args).await.into_response(),
                "GET" | "HEAD" => value.get(args).await.into_response(),
                "POST" => value.post(args).await.into_response(),
                "PUT" => value.put(args).await.into_response(),
                "PATCH" => value.patch(args).await.into_response(),
                "DELETE" => value.delete(args).await.into_response(),
                "OPTIONS" => value.options(args).await.into_response(),
                "TRACE" => value.trace(args).await.into_response(),
                other => unimplemented_method(other, args).await,
            }
        })
    }))
}
