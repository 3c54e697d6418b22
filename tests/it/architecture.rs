//! The house's arrows run down: no circle between rooms, and none of more than three files within one.
//!
//! A file depends on the file in which what it names is defined: re-exports are followed, tests are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// A module's path within the crate: `["camera", "stream"]`.
type Module = Vec<String>;
type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// What one source file says.
#[derive(Default)]
struct Source {
    /// Names that other modules may know by a re-export, with the path that they stand for.
    reexports: BTreeMap<String, Vec<String>>,
    /// Every path that is imported, or written out in an expression or type.
    paths: Vec<Vec<String>>,
}

impl Source {
    fn import(&mut self, tree: &syn::UseTree, before: &[String], is_public: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &with(&path.ident), is_public),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, before, is_public));
            }
            syn::UseTree::Name(name) => self.name(&name.ident, with(&name.ident), is_public),
            syn::UseTree::Rename(name) => self.name(&name.rename, with(&name.ident), is_public),
            syn::UseTree::Glob(_) => self.paths.push(before.to_vec()),
        }
    }

    fn name(&mut self, name: &syn::Ident, path: Vec<String>, is_public: bool) {
        if is_public {
            self.reexports.insert(name.to_string(), path.clone());
        }
        self.paths.push(path);
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.import(&item.tree, &[], !matches!(item.vis, syn::Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.paths.push(segments);
        }
        syn::visit::visit_path(self, path);
    }
}

/// Every source file below `folder`, by its module.
fn sources(folder: &Path) -> BTreeMap<Module, Source> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = module_of(path.strip_prefix(folder).unwrap());
                if module == ["main"] || module.last().is_some_and(|name| name == "tests") {
                    continue;
                }
                let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
                let mut source = Source::default();
                source.visit_file(&file);
                found.insert(module, source);
            }
        }
    }
    found
}

fn module_of(path: &Path) -> Module {
    let mut module: PathBuf = path.with_extension("");
    if module.ends_with("mod") || module.ends_with("lib") {
        module.pop();
    }
    module.iter().map(|part| part.to_str().unwrap().to_string()).collect()
}

/// The module in which what a path names is defined, if it is one of ours.
fn defined_in(sources: &BTreeMap<Module, Source>, from: &Module, path: &[String]) -> Option<Module> {
    let mut module = from.clone();
    let mut rest = path.to_vec();
    match rest[0].as_str() {
        "crate" => module.clear(),
        "self" => {}
        "super" => {
            module.pop();
        }
        first => {
            let child = [from.clone(), vec![first.to_string()]].concat();
            if !sources.contains_key(&child) {
                return None;
            }
            module = child;
        }
    }
    rest.remove(0);
    while !rest.is_empty() {
        if rest[0] == "super" {
            module.pop();
        } else {
            let child = [module.clone(), vec![rest[0].clone()]].concat();
            if sources.contains_key(&child) {
                module = child;
            } else if let Some(target) = sources.get(&module)?.reexports.get(&rest[0]) {
                return defined_in(sources, &module, target);
            } else {
                return Some(module);
            }
        }
        rest.remove(0);
    }
    Some(module)
}

fn graph(sources: &BTreeMap<Module, Source>) -> Graph {
    let edges = |module: &Module, source: &Source| {
        let targets = source.paths.iter().filter_map(|path| defined_in(sources, module, path));
        // The crate's root holds only what is said everywhere.
        targets.filter(|target| target != module && !target.is_empty()).collect()
    };
    sources.iter().map(|(module, source)| (module.clone(), edges(module, source))).collect()
}

fn reached(graph: &Graph, from: &Module) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.clone()];
    while let Some(module) = next.pop() {
        for target in graph.get(&module).into_iter().flatten() {
            if reached.insert(target.clone()) {
                next.push(target.clone());
            }
        }
    }
    reached
}

/// The sets of modules that all reach each other, each of two or more.
fn circles(graph: &Graph) -> BTreeSet<BTreeSet<Module>> {
    let reach: BTreeMap<_, _> = graph.keys().map(|module| (module, reached(graph, module))).collect();
    let circle = |module: &&Module| -> BTreeSet<Module> {
        let back = |other: &&Module| reach.get(*other).is_some_and(|reached| reached.contains(*module));
        reach[*module].iter().filter(back).cloned().collect()
    };
    reach.keys().map(circle).filter(|circle| circle.len() > 1).collect()
}

fn said(circles: &[&BTreeSet<Module>], graph: &Graph) -> String {
    let mut lines = Vec::new();
    for circle in circles {
        lines.push(format!("a circle of {}:", circle.len()));
        for module in *circle {
            let within: Vec<_> = graph[module].intersection(circle).map(|target| target.join("::")).collect();
            lines.push(format!("  {} -> {}", module.join("::"), within.join(", ")));
        }
    }
    lines.join("\n")
}

fn house() -> Graph {
    graph(&sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")))
}

#[test]
fn no_two_rooms_import_each_other_in_a_circle() {
    let mut rooms = Graph::new();
    for (module, targets) in house() {
        let Some(room) = module.first() else { continue };
        let others = targets.iter().filter(|target| target[0] != *room).map(|target| vec![target[0].clone()]);
        rooms.entry(vec![room.clone()]).or_default().extend(others);
    }
    let circles = circles(&rooms);
    assert!(circles.is_empty(), "{}", said(&circles.iter().collect::<Vec<_>>(), &rooms));
}

#[test]
fn no_more_than_three_files_of_a_room_import_each_other_in_a_circle() {
    let house = house();
    let circles = circles(&house);
    let large: Vec<_> = circles.iter().filter(|circle| circle.len() > 3).collect();
    assert!(large.is_empty(), "{}", said(&large, &house));
}

#[test]
fn a_circle_is_seen_through_a_reexport_and_not_in_tests() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "pub mod panel; pub mod seen;");
    write("panel/mod.rs", "mod canvas; pub use canvas::Canvas; pub struct Size;");
    write("panel/canvas.rs", "pub struct Canvas; pub fn look() { crate::seen::look() }");
    write(
        "seen.rs",
        "use crate::panel::Canvas; pub fn look() {} #[cfg(test)] mod tests { use crate::panel::Size; }",
    );
    let found = circles(&graph(&sources(folder.path())));
    let expected: BTreeSet<Module> =
        [vec!["panel".into(), "canvas".into()], vec!["seen".into()]].into_iter().collect();
    assert_eq!(found, [expected].into_iter().collect());
}
