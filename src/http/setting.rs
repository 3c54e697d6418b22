//! How the next captures are read, over HTTP.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::link::Link;
use super::problem::Problem;
use crate::classifier::Setting;

/// `GET /api/v1/setting`
pub(super) async fn get(State(link): State<Link>) -> Json<Setting> {
    Json(link.remote.told().setting)
}

/// `PUT /api/v1/setting`: all of it; without a prevalence none is stated. Answers with what holds.
pub(super) async fn put(
    State(link): State<Link>,
    Json(setting): Json<Setting>,
) -> Result<Json<Setting>, Problem> {
    let (remote, wanted) = (link.remote.clone(), setting.clone());
    match tokio::task::spawn_blocking(move || remote.set_setting(wanted)).await {
        Ok(answer) => answer.map_err(Problem::from)?,
        Err(_) => return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "asking the device failed")),
    }
    Ok(Json(setting))
}
