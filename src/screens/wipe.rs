//! Wiping: what would go, the way there and the way back; and that it is under way.

use embedded_graphics::primitives::Rectangle;

use super::screen::{About, Countdown};
use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{icons, ways, widgets};
use crate::panel::Canvas;

/// Draws the question. While the button is held for it, how long it still takes; letting go keeps all.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, about: &About, countdown: Option<Countdown>) {
    let height = area.size.height;
    let word = if countdown.is_some() { "ERASING SOON" } else { "ERASE ALL?" };
    widgets::banner(canvas, area.cut_top(height / 6), theme::ALARM, word, |canvas, area| {
        icons::warning(canvas, area, theme::DARK_TEXT, theme::ALARM);
    });
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, margin);
    let below = inside.cut_bottom((height * 3 / 10).max(40));
    inside.cut_bottom(margin);
    let Some(Countdown { seconds, share }) = countdown else {
        Type::Title.bold().fill(canvas, &what_goes(about), inside, Align::Left, theme::TEXT);
        return ways::draw(canvas, below, ["Press: keep all", "Hold 10 s: erase all"], 0.0);
    };
    let left = format!("{seconds} s");
    let face = Type::Huge.bold().fit(&left, inside.size.width, inside.size.height * 4 / 5);
    face.write(canvas, &left, inside, Align::Centre, theme::TEXT);
    ways::draw(canvas, below, ["Let go: keep all", "Hold: erase all"], share);
}

/// How many records would go, and how many of them are nowhere else.
fn what_goes(about: &About) -> String {
    let records = match about.records {
        1 => "1 record".into(),
        count => format!("{count} records"),
    };
    match about.only_here {
        0 => format!("{records}, all of them copied elsewhere"),
        only if only == about.records => format!("{records}, NONE of them copied elsewhere"),
        only => format!("{records}, {only} of them ONLY HERE"),
    }
}

/// Draws that it is under way.
pub fn draw_under_way(canvas: &mut Canvas, area: Rectangle) {
    let margin = theme::margin(area);
    let inside = area.inset(margin * 2, margin * 2);
    let rows = inside.stack(2);
    let face = Type::Huge.bold().fit("Erasing", rows[0].size.width, rows[0].size.height);
    face.write(canvas, "Erasing", rows[0], Align::Centre, theme::TEXT);
    let help = "Leave the power on";
    let face = Type::Body.regular().fit(help, rows[1].size.width, rows[1].size.height);
    face.write(canvas, help, rows[1], Align::Centre, theme::MUTED);
}
