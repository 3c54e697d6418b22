//! The self-test: the device's name and its checks as they pass.

use embedded_graphics::primitives::Rectangle;

use super::screen::{Check, CheckState};
use super::text::{Align, Face, Type};
use super::theme::{self, Cut};
use super::{icons, widgets};
use crate::panel::Canvas;

/// Draws the screen.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, checks: &[Check]) {
    let height = area.size.height;
    let margin = theme::margin(area);
    let research = area.cut_bottom((height / 9).max(14)).inset(margin, 0);
    widgets::research(canvas, research, Align::Centre);
    let head = area.cut_top(height / 4).inset(margin, 0);
    let face = Type::Huge.bold().fit("dermascope", head.size.width * 3 / 4, head.size.height / 2);
    widgets::labelled(canvas, head, (face, "dermascope", theme::TEXT), Align::Centre, |canvas, area| {
        icons::mark(canvas, area, theme::CALM, theme::TEXT);
    });
    let most = (height / 6).max(16);
    let rows = (area.size.height / most).max(checks.len() as u32);
    let longest = checks.iter().map(|check| check.name.as_str()).max_by_key(|name| name.len()).unwrap_or("");
    let face = Type::Lead.bold().fit(longest, area.size.width * 3 / 10, most / 2);
    for (row, check) in area.inset(margin * 2, 0).stack(rows.max(1)).into_iter().zip(checks) {
        line(canvas, row, check, face);
    }
}

fn line(canvas: &mut Canvas, mut area: Rectangle, check: &Check, face: Face) {
    let height = area.size.height;
    let sign = area.cut_left((height * 3 / 5).min(22)).square();
    area.cut_left((height / 4).max(4));
    let (state, colour) = match &check.state {
        CheckState::Running => {
            icons::waiting(canvas, sign, theme::MUTED);
            ("", theme::MUTED)
        }
        CheckState::Passed => {
            icons::tick(canvas, sign, theme::CALM);
            ("ok", theme::CALM)
        }
        CheckState::Doubtful(why) => {
            icons::warning(canvas, sign, theme::CAUTION, theme::BACKGROUND);
            (why.as_str(), theme::MUTED)
        }
        CheckState::Failed(why) => {
            icons::cross(canvas, sign, theme::ALARM);
            (why.as_str(), theme::CAUTION)
        }
    };
    face.write(
        canvas,
        &check.name,
        area.cut_left(face.width(&check.name).min(area.size.width / 2)),
        Align::Left,
        theme::TEXT,
    );
    area.cut_left(8);
    let face = Type::Body.regular();
    if face.fit(state, area.size.width, height / 2).size >= Type::Small {
        face.fit(state, area.size.width, height / 2).write(canvas, state, area, Align::Right, colour);
    } else {
        face.fill(canvas, state, area.inset(0, height / 8), Align::Right, colour);
    }
}
