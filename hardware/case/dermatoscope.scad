// The case and the tube of a handheld dermatoscope. Open it in OpenSCAD, choose a design from the parameter sets and a
// part, render and export; or `python3 hardware/case.py` for all of them.
//
// Millimetres. The skin is at z = 0, the optical axis is x = y = 0; the handle goes to +x, the screen looks to +z.
// Everything is drawn where it sits in the device, so that parts can be tested against each other.

/* [What is drawn] */
part = "assembly"; // [assembly, exploded, section, body, shelf, lid, tube, analyser, foot]

/* [From the optics: chosen with a design] */
close_up = true;
plane = 30.5;        // the lens's principal plane
pupil = 35.5;
pupil_radius = 1.3;
field = 20;          // a square's side
glass = 1.5;
ring_radius = 24;
ring_height = 17;    // of the LEDs' faces

/* [Parts that are bought: measure yours] */
window = 34;
opening = 30;
ring_board = [54, 42];
achromat = 12.7;
cell = [60, 36, 9];
charger = [30, 22, 6];
camera_board = [24, 25, 1];
camera_board_offset = -2.5;
camera_holes = [12.5, 21];
camera_hole_offset = 1.25;
camera_posts = 3;
camera_behind = 4;
lens_block = [12, 12, 9];
pupil_before_board = 7;
floor_hole = 9;
panel_board = [67, 37];
face = [61, 33];
pi_y = 3.5;
usb_port = true;
trigger_hole = 7.2;
switch_slot = [10, 5];

/* [Printing] */
wall = 2.4;
gap = 0.2;

/* [Hidden] */
$fn = 64;
m2 = 1.7;      // M2, cut by the screw itself
tap = 2.1;     // M2.5, cut by the screw itself
pass = 2.7;    // M2.5, free

// Heights.
board_z = pupil + pupil_before_board;
floor_top = board_z - camera_posts;
floor_bottom = floor_top - wall;
layer = 12;
shelf_z = floor_top + layer;
shelf_top = shelf_z + 2;
pi_z = shelf_top + 3.5;
panel_z = pi_z + 1.4 + 11;
lid_z = panel_z + 1.6 + 2.5 + 0.3;

// The room inside of the box.
x0 = -26;
x1 = 87.2;
half = 24.2;
post = 6;
rail = 21.1;   // where the shelf is screwed to the rails
pi = [65, 30];
pi_x = x0 + 8 + pi.x / 2;
charger_x = 66;

// The tube.
bore = 19.8;
outside = 25.3;
spigot = ring_board[0] / 2;
foot_outside = spigot + 2.6;
shoulder = 26;
film = 0.3;
led = 0.8;
board_bottom = ring_height + led;
board_top = board_bottom + 1.6;
spigot_z = board_top + gap;
spigot_bore = spigot - 1.8;
hole = 8.5;    // for the view, in the analyser and in the cup
seat = 5.4;    // for the view, below the achromat
disc = 12;     // the analyser's recess
lens_thickness = 4;
ring_z = close_up ? plane - lens_thickness / 2 - 5 : board_z - lens_block.z - 8.9;
screws = [25, 155, 205, 335];

module box(x, y, z) { translate([x[0], y[0], z[0]]) cube([x[1] - x[0], y[1] - y[0], z[1] - z[0]]); }
module rod(r, z, at = [0, 0]) { translate([at.x, at.y, z[0]]) cylinder(r = r, h = z[1] - z[0]); }
module both() { children(); mirror([0, 1, 0]) children(); }
module corners(x, y) { for (a = [-1, 1], b = [-1, 1]) translate([a * x, b * y, 0]) children(); }
module rounded(x, y, z, r = 3) {
    hull() for (a = [x[0] + r, x[1] - r], b = [y[0] + r, y[1] - r]) rod(r, z, [a, b]);
}
module tube_screws(r, z) { for (a = screws) rod(r, z, 22.55 * [cos(a), sin(a)]); }
module lid_screws(r, z) { for (x = [x0 + post / 2, x1 - post / 2]) both() rod(r, z, [x, half - post / 2]); }
function around(middle, span) = [middle + span[0], middle + span[1]];

// ---- printed ----

module body() {
    difference() {
        rounded([x0 - wall, x1 + wall], [-half - wall, half + wall], [floor_bottom, lid_z]);
        difference() {
            box([x0, x1], [-half, half], [floor_top, lid_z + 1]);
            // Posts for the lid, rails for the shelf.
            for (x = [[x0 - 1, x0 + post], [x1 - post, x1 + 1]]) both() box(x, [half - post, half + 1], [floor_top - 1, lid_z + 2]);
            both() box([x0 + post - 1, 21], [19.6, half + 1], [floor_top - 1, shelf_z]);
            both() box([21, x1 - post + 1], [18.4, half + 1], [floor_top - 1, shelf_z]);
            camera_posts_at() cylinder(r = 2.5, h = 2 * camera_posts, center = true);
        }
        camera_posts_at() translate([0, 0, -0.7]) cylinder(d = m2, h = 20);
        lid_screws(tap / 2, [lid_z - 10, lid_z + 1]);
        for (x = [26, 46]) both() rod(tap / 2, [shelf_z - 8, shelf_z + 1], [x, rail]);
        tube_screws(pass / 2, [floor_bottom - 1, floor_top + 1]);
        rod(floor_hole, [floor_bottom - 1, floor_top + 1]);
        wires([floor_bottom - 1, floor_top + 0.01]);
        // The charger's port, the switch, the Pi's USB port.
        box([charger_x - 6, charger_x + 6], [-half - wall - 1, -half + 1], [shelf_top + 1, shelf_top + 8]);
        box(around(charger_x, [-1, 1] * switch_slot.x / 2), [half - 1, half + wall + 1], around(shelf_top + 8, [-1, 1] * switch_slot.y / 2));
        if (usb_port) box(around(pi_x - 32.5 + 23.6, [-6.5, 6.5]), [half - 1, half + wall + 1], around(pi_z + 2.7, [-4.5, 4.5]));
    }
}

module camera_posts_at() {
    translate([camera_hole_offset, 0, floor_top]) corners(camera_holes.x / 2, camera_holes.y / 2) children();
}

module wires(z) { hull() { rod(2.5, z, [17.6, 0]); rod(2.5, z, [9, 0]); } }

module shelf() {
    difference() {
        union() {
            box([x0 + post + 0.4, x1 - post - 0.4], [-half + 0.15, half - 0.15], [shelf_z, shelf_top]);
            translate([pi_x, pi_y, shelf_top - 0.01]) corners(29, 11.5) cylinder(r = 3, h = 3.5);
        }
        translate([pi_x, pi_y, shelf_z - 1]) corners(29, 11.5) cylinder(d = tap, h = 10);
        for (x = [26, 46]) both() rod(pass / 2, [shelf_z - 1, shelf_top + 1], [x, rail]);
        // Cables between the layers.
        both() rounded([0, 14], [15.5, 20.5], [shelf_z - 1, shelf_top + 1], 2);
    }
}

module lid() {
    difference() {
        union() {
            rounded([x0 - wall, x1 + wall], [-half - wall, half + wall], [lid_z, lid_z + wall]);
            both() box([x0 + post + 0.5, x1 - post - 0.5], [half - gap - 1.8, half - gap], [lid_z - 3, lid_z + 1]);
        }
        rounded(around(pi_x, [-1, 1] * face.x / 2), around(pi_y, [-1, 1] * face.y / 2), [lid_z - 1, lid_z + wall + 1], 1.5);
        lid_screws(pass / 2, [lid_z - 1, lid_z + wall + 1]);
        if (trigger_hole > 0) rod(trigger_hole / 2, [lid_z - 1, lid_z + wall + 1], [charger_x, 0]);
    }
}

// The cup in the tube holds the analyser from below and, in B, the achromat from above, with a millimetre to either side
// to focus it. It has no underside when the tube is printed with the box's side down.
module cup_solid() {
    if (close_up) {
        rod(disc + 2, [ring_z, floor_bottom]);
        rod(bore + 1, [floor_bottom - 2.6, floor_bottom]);
    } else rotate_extrude() polygon([
        [0, ring_z], [disc + 2, ring_z], [disc + 2, ring_z + 5], [bore + 1, ring_z + 11.8], [bore + 1, ring_z + 16], [0, ring_z + 16]]);
}
module cup_room() {
    rod(disc, [ring_z - 1, ring_z + 2.2]);
    if (close_up) {
        rod(seat, [ring_z - 1, floor_bottom + 1]);
        rod(achromat / 2 + 0.1, [ring_z + 4, floor_bottom + 1]);
        rod(9, [ring_z + 4 + lens_thickness + 2, floor_bottom + 1]);
        rod(2.5, [floor_bottom - 5, floor_bottom + 1], [17.6, 0]);
    } else {
        rod(hole, [ring_z - 1, ring_z + 5]);
        rotate_extrude() polygon([[0, ring_z + 4], [hole, ring_z + 4], [bore, ring_z + 4 + bore - hole], [bore, 99], [0, 99]]);
        rod(2.5, [ring_z - 1, floor_bottom + 1], [17.6, 0]);
    }
}

module tube() {
    difference() {
        union() {
            difference() {
                rotate_extrude() polygon([
                    [0, spigot_z], [spigot - gap, spigot_z], [spigot - gap, shoulder], [foot_outside, shoulder], [foot_outside, shoulder + 1.7],
                    [outside, shoulder + 1.7 + foot_outside - outside], [outside, floor_bottom], [0, floor_bottom]]);
                rod(bore, [spigot_z - 1, floor_bottom + 1]);
                rotate_extrude() polygon([
                    [0, 0], [spigot_bore, 0], [spigot_bore, 22.6], [bore, 22.6 + spigot_bore - bore], [0, 22.6 + spigot_bore - bore]]);
            }
            intersection() { cup_solid(); rod(bore + 1, [0, floor_bottom]); }
        }
        cup_room();
        tube_screws(tap / 2, [floor_bottom - 5, floor_bottom + 1]);
        foot_screws(tap / 2);
    }
}

module foot_screws(r) {
    for (a = [90, 210, 330]) rotate([0, 0, a]) translate([bore, 0, 22.4]) rotate([0, 90, 0]) cylinder(r = r, h = 12);
}

// The film lies in it; it is turned in the cup until a coin's glare is darkest, then fixed.
module analyser() {
    difference() {
        rod(disc - 0.1, [ring_z + 0.1, ring_z + 2.1]);
        rod(hole, [ring_z - 1, ring_z + 3]);
        rod(10.2, [ring_z + 1.7, ring_z + 3]);
    }
}

// The window from below; the film for the ring on its first step, the ring's board on the second.
module foot() {
    rim = window / 2 + 2.3;
    difference() {
        rotate_extrude() polygon([
            [opening / 2, glass], [rim, glass], [rim, 3], [foot_outside, 17], [foot_outside, shoulder - 0.1],
            [spigot + gap, shoulder - 0.1], [spigot + gap, board_bottom], [spigot - 0.8, board_bottom],
            [spigot - 0.8, ring_height - film], [spigot_bore, ring_height - film], [opening / 2, glass + 1]]);
        foot_screws(pass / 2);
    }
    difference() { rod(rim, [0, glass + 0.01]); rod(window / 2 + 0.1, [-1, glass + 1]); }
}

// ---- put in: the room that each needs ----

module camera() {
    translate([camera_board_offset, 0, 0])
        box([-1, 1] * camera_board.x / 2, [-1, 1] * camera_board.y / 2, around(board_z, [0.01, camera_board.z + camera_behind]));
    box([-1, 1] * lens_block.x / 2, [-1, 1] * lens_block.y / 2, around(board_z, [-lens_block.z, 0.02]));
}
module lens() { if (close_up) rod(achromat / 2, around(plane, [-0.5, 0.5] * lens_thickness)); }
module cell() { box([20.4, 20.4 + cell.x], [-1, 1] * cell.y / 2, around(floor_top, [0.1, 0.1 + cell.z])); }
module charger() {
    box(around(charger_x, [-1, 1] * charger.y / 2), [-half + 0.1, -half + 0.1 + charger.x], around(shelf_top, [0.1, charger.z]));
}
module pi() {
    // Board and parts, the header, and the card that sticks out to the handle.
    translate([pi_x, pi_y, pi_z]) {
        box([-1, 1] * pi.x / 2, [-1, 1] * pi.y / 2, [0.01, 4.4]);
        box([-26, 26], [-14, -9], [0.01, 12.4]);
        box([30, 35], [-6, 6], [0.01, 2.8]);
    }
}
module panel() {
    translate([pi_x, pi_y, panel_z]) {
        box([-1, 1] * panel_board.x / 2, [-1, 1] * panel_board.y / 2, [0.02, 1.6]);
        box([-1, 1] * (face.x - 1) / 2, [-1, 1] * (face.y - 1) / 2, [1.59, 4.1]);
    }
}
// The ribbon's bend, or the USB camera's cable, before the Pi; and that cable's plug in the Pi's port.
module cable() { box([x0 + 0.3, x0 + 5.8], [-9, 13], around(floor_top, [5, 22])); }
module plug() { if (!close_up) box(around(pi_x, [-15.4, -2.4]), [pi_y + 15.01, half - 0.1], around(pi_z, [-1, 7])); }
// The ring's board, its LEDs below and its wires above.
module ring() {
    difference() { rod(ring_board[0] / 2, [board_bottom + 0.02, board_top]); rod(ring_board[1] / 2, [0, 99]); }
    difference() { rod(spigot_bore - 0.2, [board_top - 0.01, board_top + 2]); rod(ring_board[1] / 2, [0, 99]); }
    for (n = [0 : 15]) rotate([0, 0, n * 22.5]) translate([ring_radius, 0, 0]) box([-1.4, 1.4], [-1.75, 1.75], [ring_height + 0.02, board_bottom + 0.03]);
}
module film() {
    difference() { rod(spigot - 0.9, around(ring_height, [-film + 0.02, -0.02])); rod(ring_board[1] / 2, [0, 99]); }
    rod(10.1, around(ring_z, [1.72, 1.72 + film]));
}
module glass() { rod(window / 2, [0.02, glass - 0.02]); }
module trigger() { if (trigger_hole > 0) rod(5, [lid_z - 11, lid_z - 0.02], [charger_x, 0]); }
module switch() { box(around(charger_x, [-9, 9]), [half - 6, half - 0.1], around(shelf_top + 8, [-3.5, 3.5])); }

// ---- what must stay empty: from the field's corners to the pupil, and from the LEDs to the field's corners ----

module view() {
    translate([0, 0, glass + 0.05]) cylinder(r1 = field / sqrt(2), r2 = pupil_radius, h = pupil - glass - 0.05);
}
module rays() {
    translate([0, 0, glass + 0.05]) cylinder(r1 = field / sqrt(2), r2 = ring_radius, h = ring_height - film - glass - 0.1);
}

// ---- pictures ----

// One part, lifted away from the others; in the section, its half behind the middle.
module shown(colour, lift = 0) {
    color(colour) translate([0, 0, lift]) render(convexity = 8) {
        if (part == "section") difference() { children(); translate([-200, -400, -1]) cube(400); }
        else children();
    }
}
module printed(lift = 0) {
    shown("#e8e4da", 3 * lift) lid();
    shown("#c9d3dc", 1.2 * lift) shelf();
    shown("#e8e4da") body();
    shown("#5a6472", -0.8 * lift) tube();
    shown("#8a6d3b", -1.5 * lift) analyser();
    shown("#77828f", -2.6 * lift) foot();
}
module fitted(lift = 0) {
    shown("#2f6b3a", 2.2 * lift) panel();
    shown("#2f6b3a", 1.6 * lift) pi();
    shown("#7a2e8e", 1.6 * lift) charger();
    shown("#9a9a9a", 0.6 * lift) cell();
    shown("#1f4d86", 0.6 * lift) camera();
    if (close_up) shown("#9fd4e8", 0.1 * lift) lens();
    shown("#b35900", -1.9 * lift) ring();
    shown("#333333", -2.2 * lift) film();
    shown("#9fd4e8", -3.3 * lift) glass();
}

if (part == "assembly") printed();
else if (part == "exploded") { printed(28); fitted(28); }
else if (part == "section") { printed(); fitted(); }
else if (part == "body") body();
else if (part == "shelf") shelf();
else if (part == "lid") lid();
else if (part == "tube") tube();
else if (part == "analyser") analyser();
else if (part == "foot") foot();
else if (part == "camera") camera();
else if (part == "lens") lens();
else if (part == "cell") cell();
else if (part == "charger") charger();
else if (part == "pi") pi();
else if (part == "panel") panel();
else if (part == "cable") cable();
else if (part == "plug") plug();
else if (part == "ring") ring();
else if (part == "film") film();
else if (part == "glass") glass();
else if (part == "trigger") trigger();
else if (part == "switch") switch();
else if (part == "view") view();
else if (part == "rays") rays();
else assert(false, str("no part called ", part));
