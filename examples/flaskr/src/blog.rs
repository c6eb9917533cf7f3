//! Posts: everybody reads them, their authors write, change and delete them.

use crate::auth::{CurrentUser, User};
use carboy::{Result, prelude::*};
use carboy_db::db;
use carboy_ext::forms::{Form, FormState};
use serde::{Deserialize, Serialize};

/// The views, from the front page on.
pub fn bp() -> Blueprint {
    let mut bp = Blueprint::new("blog");
    bp.routes(routes![index, create, update, delete]);
    bp
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Post {
    id: i64,
    title: String,
    body: String,
    created: String,
    author_id: i64,
    username: String,
}

/// What an author types. A post has more fields, which nobody can send.
#[derive(Form)]
#[form(obj = Post)]
struct PostForm {
    #[field(validate(input_required(message = "Title is required.")))]
    title: String,
    #[field(widget = "textarea", attr(rows = 10))]
    body: String,
}

const POSTS: &str =
    "SELECT p.id, title, body, created, author_id, username FROM post p JOIN user u ON p.author_id = u.id";

/// All posts, the newest first.
#[route("/")]
async fn index() -> Result<Html> {
    let posts: Vec<Post> = db().query_as(&format!("{POSTS} ORDER BY created DESC, p.id DESC"), ()).await?;
    render!("blog/index.html", posts)
}

/// A post of this user: 404 when there is none, 403 when it is somebody else's.
async fn own_post(id: i64, user: &User) -> Result<Post> {
    let posts: Vec<Post> = db().query_as(&format!("{POSTS} WHERE p.id = ?"), (id,)).await?;
    let post = posts.into_iter().next().or_abort((404u16, format!("Post id {id} doesn't exist.")))?;
    if post.author_id != user.id {
        abort(403)?;
    }
    Ok(post)
}

/// Writes a post.
#[route("/create", methods = ["GET", "POST"])]
async fn create(user: CurrentUser, mut form: FormState<PostForm>) -> Result {
    if let Some(post) = form.validate_on_submit() {
        let values = (post.title, post.body, user.0.id);
        db().execute("INSERT INTO post (title, body, author_id) VALUES (?, ?, ?)", values).await?;
        return redirect(url_for!(index)).into_response();
    }
    render!("blog/create.html", form)?.into_response()
}

/// Changes a post of the user's own.
#[route("/<int:id>/update", methods = ["GET", "POST"])]
async fn update(id: i64, user: CurrentUser, form: FormState<PostForm>) -> Result {
    let post = own_post(id, &user.0).await?;
    let mut form = form.fill(&post);
    if let Some(changed) = form.validate_on_submit() {
        db().execute("UPDATE post SET title = ?, body = ? WHERE id = ?", (changed.title, changed.body, id))
            .await?;
        return redirect(url_for!(index)).into_response();
    }
    render!("blog/update.html", post, form)?.into_response()
}

/// Deletes a post of the user's own.
#[route("/<int:id>/delete", methods = ["POST"])]
async fn delete(id: i64, user: CurrentUser) -> Result<Redirect> {
    own_post(id, &user.0).await?;
    db().execute("DELETE FROM post WHERE id = ?", (id,)).await?;
    Ok(redirect(url_for!(index)))
}
