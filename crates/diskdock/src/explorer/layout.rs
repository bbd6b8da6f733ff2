//! Where states and ways stand in the picture of a state machine.
//!
//! The pictures of disks and instances are laid out by hand. A kind of resource, or a way, that is
//! not in the tables is laid out by rule, so that a new one is drawn without a line here.

use super::states::Way;
use crate::catalog::{Edge, Resource};

/// Half the width and half the height of a state's box.
pub(crate) const HALF: (i32, i32) = (55, 20);

/// From one state to the next, where they are laid out by rule.
const STEP: i32 = 200;
/// The height of the row of states, where they are laid out by rule.
const ROW: i32 = 110;
/// The height of such a picture.
const HEIGHT: i32 = 220;

/// A picture's measures, in its own units.
pub(crate) struct Layout {
    /// Width and height.
    pub size: (i32, i32),
    /// The states that are drawn, with the middle of each.
    pub states: Vec<(&'static str, (i32, i32))>,
    /// A line for each way, in their order.
    pub lines: Vec<EdgePath>,
}

/// How a way is drawn.
pub(crate) struct EdgePath {
    /// Where the label's middle is.
    pub at: (i32, i32),
    /// The line, as SVG writes paths.
    pub path: String,
}

/// A picture that was laid out by hand.
struct ByHand {
    noun: &'static str,
    size: (i32, i32),
    states: &'static [(&'static str, (i32, i32))],
    /// From, to, where the label is, the line.
    lines: &'static [(&'static str, &'static str, (i32, i32), &'static str)],
}

/// Stands for: not there.
const NONE: &str = "";

#[rustfmt::skip]
const BY_HAND: &[ByHand] = &[
    ByHand {
        noun: "disk",
        size: (900, 490),
        states: &[
            ("Creating", (110, 130)), ("Available", (330, 130)), ("Attaching", (560, 130)),
            ("In_use", (780, 130)), ("Detaching", (560, 240)), ("ReIniting", (560, 350)),
        ],
        lines: &[
            (NONE, "Creating", (110, 48), "M110 56V108"),
            ("Creating", "Available", (219, 120), "M165 130H273"),
            ("Creating", "In_use", (470, 474), "M100 150C100 560 930 560 828 152"),
            ("Available", "Attaching", (444, 112), "M385 122H503"),
            ("Attaching", "Available", (446, 157), "M505 138H387"),
            ("Attaching", "In_use", (669, 120), "M615 130H723"),
            ("In_use", "Detaching", (650, 196), "M750 150C740 205 700 230 617 232"),
            ("Detaching", "In_use", (690, 264), "M615 248C720 246 770 220 778 152"),
            ("Detaching", "Available", (452, 212), "M505 240C420 240 372 210 362 152"),
            ("In_use", "Available", (555, 40), "M765 110C730 30 380 30 345 108"),
            ("Available", "Available", (298, 66), "M296 110C278 70 330 70 322 108"),
            ("In_use", "In_use", (800, 66), "M790 110C772 70 824 70 816 108"),
            ("Available", NONE, (272, 234), "M290 150V216"),
            ("Available", "ReIniting", (358, 364), "M318 150C320 290 400 362 503 362"),
            ("ReIniting", "Available", (480, 297), "M515 330C430 310 350 250 341 152"),
            ("In_use", "ReIniting", (658, 386), "M806 150C806 290 740 362 617 362"),
            ("ReIniting", "In_use", (622, 305), "M605 330C700 310 790 250 792 152"),
        ],
    },
    ByHand {
        noun: "instance",
        size: (740, 280),
        states: &[
            ("Pending", (70, 110)), ("Starting", (265, 110)), ("Running", (470, 110)), ("Stopping", (670, 110)),
            ("Stopped", (470, 230)),
        ],
        lines: &[
            (NONE, "Pending", (172, 44), "M70 30V88"),
            ("Pending", "Starting", (166, 100), "M125 110H208"),
            ("Pending", "Stopped", (235, 248), "M80 130C100 210 280 238 413 238"),
            ("Starting", "Running", (367, 130), "M320 115H413"),
            ("Running", "Starting", (367, 62), "M450 90C430 66 305 66 287 88"),
            ("Running", "Stopping", (569, 92), "M525 102H613"),
            ("Stopping", "Running", (569, 137), "M615 118H527"),
            ("Stopping", "Stopped", (668, 186), "M660 130C650 190 600 222 527 225"),
            ("Stopped", "Starting", (388, 184), "M430 210C360 205 292 180 280 132"),
            ("Stopped", NONE, (598, 254), "M525 240H646"),
        ],
    },
];

impl Layout {
    /// The layout of a resource's states and of the ways between them.
    pub(crate) fn of(resource: &Resource, ways: &[Way]) -> Layout {
        let fixed_layout = BY_HAND.iter().find(|known| known.noun == resource.noun);
        let states = match fixed_layout {
            Some(known) => known.states.to_vec(),
            None => row(resource, ways),
        };
        let size = fixed_layout.map_or_else(|| size(&states), |known| known.size);
        let line = |way: &Way| {
            let known = fixed_layout.and_then(|known| known.line(&way.edge));
            known.unwrap_or_else(|| auto_layout(&way.edge, &states))
        };
        let lines = ways.iter().map(line).collect();
        Layout { size, states, lines }
    }
}

impl ByHand {
    fn line(&self, edge: &Edge) -> Option<EdgePath> {
        let wanted = (edge.from.unwrap_or(NONE), edge.to.unwrap_or(NONE));
        let found = self.lines.iter().find(|(from, to, ..)| (*from, *to) == wanted);
        found.map(|(_, _, at, path)| EdgePath { at: *at, path: (*path).to_owned() })
    }
}

/// The states that some way leads to or from, side by side.
fn row(resource: &Resource, ways: &[Way]) -> Vec<(&'static str, (i32, i32))> {
    let names = resource.statuses.iter().map(|status| status.name);
    let drawn = names.filter(|name| {
        ways.iter().any(|way| way.edge.from == Some(name) || way.edge.to == Some(name))
    });
    drawn.zip(0..).map(|(name, number)| (name, (STEP / 2 + number * STEP, ROW))).collect()
}

fn size(states: &[(&'static str, (i32, i32))]) -> (i32, i32) {
    let count = i32::try_from(states.len()).unwrap_or(1);
    (STEP * count.max(1), HEIGHT)
}

/// Neighbours are joined by a straight line, others by an arc: above them to the right, below them
/// to the left. The edge of a new resource comes from above, that of a deleted one leaves
/// downwards.
fn auto_layout(edge: &Edge, states: &[(&'static str, (i32, i32))]) -> EdgePath {
    let place = |wanted| states.iter().find(|(name, _)| *name == wanted).map(|(_, at)| *at);
    let (from, to) = (edge.from.and_then(place), edge.to.and_then(place));
    let (half_width, half_height) = HALF;
    match (from, to) {
        (Some((x, y)), Some((to_x, to_y))) if (x, y) == (to_x, to_y) => {
            let (left, right, top) = (x - 20, x + 20, y - half_height);
            let path =
                format!("M{left} {top}C{left} {0} {right} {0} {right} {1}", top - 40, top - 2);
            EdgePath { at: (x, top - 40), path }
        }
        (Some((x, y)), Some((to_x, to_y))) if y == to_y && to_x - x == STEP => {
            let path = format!("M{} {y}H{}", x + half_width, to_x - half_width - 2);
            EdgePath { at: (x + STEP / 2, y - 8), path }
        }
        (Some((x, y)), Some((to_x, to_y))) => {
            let side = if to_x > x { -1 } else { 1 };
            let (start, end) = (y + side * half_height, to_y + side * (half_height + 2));
            let far = y + side * 80;
            let path = format!("M{x} {start}C{x} {far} {to_x} {far} {to_x} {end}");
            EdgePath { at: ((x + to_x) / 2, y + side * 74), path }
        }
        (None, Some((x, y))) => {
            let (start, end) = (y - half_height - 50, y - half_height - 2);
            EdgePath { at: (x, start - 6), path: format!("M{x} {start}V{end}") }
        }
        (Some((x, y)), None) => {
            let (start, end) = (y + half_height, y + half_height + 50);
            EdgePath { at: (x, end + 14), path: format!("M{x} {start}V{end}") }
        }
        (None, None) => EdgePath { at: (0, 0), path: String::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Listing, Status};

    static SNAPSHOT: Resource = Resource {
        noun: "snapshot",
        with_article: "a snapshot",
        listing: Listing {
            action: "DescribeSnapshots",
            ids: Some("SnapshotIds"),
            path: ["Snapshots", "Snapshot"],
            id: "SnapshotId",
            texts: &[],
            holder: None,
        },
        statuses: &[
            Status::passing("progressing"),
            Status::lasting("accomplished"),
            Status::lasting("failed"),
        ],
        unasked: &[],
    };

    fn way(edge: Edge) -> Way {
        Way { label: edge.label.to_owned(), edge, begun_by: Vec::new(), ends: Vec::new() }
    }

    #[test]
    fn a_new_kind_of_resource_is_drawn_inside_its_picture() {
        let ways = [
            way(Edge::into("progressing", "CreateSnapshot")),
            way(Edge::between("progressing", "accomplished", "made")),
            way(Edge::between("progressing", "failed", "not made")),
            way(Edge::between("failed", "progressing", "again")),
            way(Edge::between("accomplished", "accomplished", "ModifySnapshot")),
            way(Edge::out_of("accomplished", "DeleteSnapshot")),
        ];
        let layout = Layout::of(&SNAPSHOT, &ways);
        assert_eq!(layout.states.len(), 3);
        let (width, height) = layout.size;
        for line in &layout.lines {
            assert!(line.path.starts_with('M') && line.path.len() > 5, "{}", line.path);
            let (x, y) = line.at;
            assert!((0..width).contains(&x) && (0..height).contains(&y), "{x} {y}");
        }
    }

    #[test]
    fn hand_made_layout_is_kept() {
        let layout = Layout::of(
            &crate::actions::disk::resource::DISK,
            &[way(Edge::between("Detaching", "Available", "detached"))],
        );
        assert_eq!(layout.size, (900, 490));
        assert_eq!(layout.lines[0].path, "M505 240C420 240 372 210 362 152");
    }
}
