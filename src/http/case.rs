//! The case that the next captures are of, over HTTP.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::link::Link;
use super::problem::Problem;
use crate::case::Case;

/// `GET /api/v1/case`
pub(super) async fn get(State(link): State<Link>) -> Json<Case> {
    Json(link.remote.told().case)
}

/// `PUT /api/v1/case`: all of it; what is left out is none. Answers with what holds.
pub(super) async fn put(State(link): State<Link>, Json(case): Json<Case>) -> Result<Json<Case>, Problem> {
    set(&link, case.clone()).await?;
    Ok(Json(case))
}

/// `DELETE /api/v1/case`
pub(super) async fn delete(State(link): State<Link>) -> Result<StatusCode, Problem> {
    set(&link, Case::default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set(link: &Link, case: Case) -> Result<(), Problem> {
    let remote = link.remote.clone();
    match tokio::task::spawn_blocking(move || remote.set_case(case)).await {
        Ok(answer) => answer.map_err(Problem::from),
        Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "asking the device failed")),
    }
}
