"""Posts: everybody reads them, their authors write, change and delete them."""

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired

from .auth import login_required
from .db import get_db

bp = Blueprint("blog", __name__)

POSTS = (
    "SELECT p.id, title, body, created, author_id, username FROM post p JOIN user u ON p.author_id = u.id"
)


class PostForm(FlaskForm):
    class Meta:
        csrf = False

    title = StringField(validators=[InputRequired("Title is required.")])
    body = TextAreaField(render_kw={"rows": 10})


@bp.route("/")
def index():
    posts = get_db().execute(f"{POSTS} ORDER BY created DESC, p.id DESC").fetchall()
    return render_template("blog/index.html", posts=posts)


def own_post(id):
    """A post of this user: 404 when there is none, 403 when it is somebody else's."""
    post = get_db().execute(f"{POSTS} WHERE p.id = ?", (id,)).fetchone()
    if post is None:
        abort(404, f"Post id {id} doesn't exist.")
    if post["author_id"] != g.user["id"]:
        abort(403)
    return post


def save(statement, values):
    with get_db() as db:
        db.execute(statement, values)
    flash("Saved.")
    return redirect(url_for("index"))


@bp.route("/create", methods=["GET", "POST"])
@login_required
def create():
    form = PostForm()
    if form.validate_on_submit():
        values = (form.title.data, form.body.data, g.user["id"])
        return save("INSERT INTO post (title, body, author_id) VALUES (?, ?, ?)", values)
    return render_template("blog/create.html", form=form)


@bp.route("/<int:id>/update", methods=["GET", "POST"])
@login_required
def update(id):
    post = own_post(id)
    form = PostForm(data=dict(post))
    if form.validate_on_submit():
        return save("UPDATE post SET title = ?, body = ? WHERE id = ?", (form.title.data, form.body.data, id))
    return render_template("blog/update.html", post=post, form=form)


@bp.route("/<int:id>/delete", methods=["POST"])
@login_required
def delete(id):
    own_post(id)
    with get_db() as db:
        db.execute("DELETE FROM post WHERE id = ?", (id,))
    flash("Deleted.")
    return redirect(url_for("index"))
