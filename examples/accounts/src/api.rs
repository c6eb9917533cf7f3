//! What programs ask: JSON, with a token, sixty times a minute.

use crate::{notes::Note, tokens};
use carboy::{Result, prelude::*};
use carboy_ext::{
    jwt::{Bearer, scope_required},
    limiter::limit,
    validation::{Valid, Validate},
};
use serde::{Deserialize, Serialize};

pub(crate) fn bp() -> Blueprint {
    let mut bp = Blueprint::new("api");
    bp.guard(limit("60 per minute"));
    bp.routes(routes![list, create, delete, tokens::refresh, tokens::revoke]);
    bp
}

#[derive(Deserialize, Validate)]
struct NewNote {
    #[validate(length(min = 1, max = 2000))]
    text: String,
}

#[derive(Serialize)]
struct Created {
    id: u64,
}

/// Who made the token: it is asked beforehand whether the account is there, and still as it was.
fn owner(bearer: &Bearer) -> Result<&str> {
    bearer.sub.as_deref().or_abort(401)
}

/// The notes, the newest first.
#[get("/api/notes", guard = scope_required("notes:read"))]
async fn list(bearer: Bearer) -> Result<Json<Vec<Note>>> {
    Ok(Json(Note::of(owner(&bearer)?).await?))
}

/// Keeps a note.
#[post("/api/notes", guard = scope_required("notes:write"))]
async fn create(bearer: Bearer, note: Valid<Json<NewNote>>) -> Result<(Json<Created>, u16)> {
    Ok((Json(Created { id: Note::keep(owner(&bearer)?, &note.text).await? }), 201))
}

/// Forgets a note.
#[delete("/api/notes/<int:id>", guard = scope_required("notes:write"))]
async fn delete(id: i64, bearer: Bearer) -> Result<(&'static str, u16)> {
    Note::forget(owner(&bearer)?, id).await?;
    Ok(("", 204))
}
