//! sea-orm's entities over a `Db`.

use carboy_db::Db;
use carboy_db::sea_orm::{self, ActiveModelTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Set};
use post::{ActiveModel, Column, Entity};

// sea-orm's derive makes public types.
#[allow(unreachable_pub)]
mod post {
    use carboy_db::sea_orm;
    use carboy_db::sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "post")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub created: DateTime,
        pub public: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

async fn filled() -> Db {
    let db = Db::memory();
    db.execute_script(
        "CREATE TABLE post (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, \
         created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, public BOOLEAN NOT NULL)",
    )
    .await
    .unwrap();
    for n in 1..=5 {
        db.execute("INSERT INTO post (title, public) VALUES (?, ?)", (format!("Post {n}"), n % 2 == 1))
            .await
            .unwrap();
    }
    db
}

#[tokio::test]
async fn a_db_serves_where_sea_orm_takes_a_connection() {
    let db = filled().await;
    let posts =
        Entity::find().filter(Column::Public.eq(true)).order_by_desc(Column::Id).all(&db).await.unwrap();
    assert_eq!(
        posts.iter().map(|post| post.title.as_str()).collect::<Vec<_>>(),
        ["Post 5", "Post 3", "Post 1"]
    );
    assert_eq!(Entity::find_by_id(9).one(&db).await.unwrap(), None);
    assert_eq!(Entity::find().paginate(&db, 2).num_pages().await.unwrap(), 3);

    let mut changed: ActiveModel = posts[0].clone().into();
    changed.title = Set("Changed".into());
    assert_eq!(changed.update(&db).await.unwrap().title, "Changed");
    let date = posts[0].created;
    let new = ActiveModel {
        title: Set("New".into()),
        created: Set(date),
        public: Set(false),
        ..Default::default()
    };
    let new = new.insert(&db).await.unwrap();
    assert_eq!((new.id, new.created), (6, date));
    use sea_orm::ColumnTrait;
    assert_eq!(
        Entity::delete_many().filter(Column::Public.eq(false)).exec(&db).await.unwrap().rows_affected,
        3
    );
}

#[tokio::test]
async fn entities_take_part_in_a_transaction() {
    let db = filled().await;
    let gone: carboy::Result<()> = db
        .transaction(|tx| async move {
            Entity::delete_by_id(1).exec(tx.connection()).await?;
            Entity::find_by_id(1)
                .one(tx.connection())
                .await?
                .ok_or(sea_orm::DbErr::RecordNotFound("post 1".into()))?;
            Ok(())
        })
        .await;
    assert!(gone.unwrap_err().is::<sea_orm::DbErr>());
    assert!(Entity::find_by_id(1).one(&db).await.unwrap().is_some());
}

#[tokio::test]
async fn the_connection_itself_can_be_had() {
    let db = filled().await;
    let connection = db.connection().await.unwrap();
    assert_eq!(Entity::find().count(&connection).await.unwrap(), 5);
}
