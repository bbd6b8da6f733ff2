//! Custom images: steps of a run, and the answers that are expected.

use super::model::{Expected, Image, Model, NO_SNAPSHOT, WELL};
use super::steps::Simulation;
use crate::harness::REGION;

/// Images at a time, at most.
const IMAGES: usize = 3;

impl Model {
    /// The answer to CreateImage of a snapshot that becomes the system disk.
    fn create_image(&self, caller: usize, snapshot: &str, name: &str) -> Expected {
        let has_name = |image: &Image| image.owner == caller && image.name == name;
        match self.own_snapshot(caller, snapshot).map(|one| one.status.as_str()) {
            None => NO_SNAPSHOT,
            Some(_) if self.images.values().any(has_name) => &["InvalidImageName.Duplicated"],
            Some("accomplished") => WELL,
            Some(_) => &["InvalidSnapshotId.NotReady"],
        }
    }

    /// The answer to ModifyImageAttribute, which gives a name and another status, if it is given.
    fn change_image(&self, caller: usize, id: &str, name: &str, status: &str) -> Expected {
        let Some(image) = self.images.get(id).filter(|image| image.owner == caller) else {
            return &["InvalidImageId.NotFound"];
        };
        let taken = |(other, one): (&String, &Image)| {
            other != id && one.owner == caller && one.name == name
        };
        match (image.status.as_str(), status) {
            _ if self.images.iter().any(taken) => &["InvalidImageName.Duplicated"],
            (_, "") | ("Available", "Deprecated") | ("Deprecated", "Available") => WELL,
            // Nothing shows that it is made by now, but a look.
            ("Creating", "Deprecated") => &["", "ImageStatus.NotAvailable"],
            (_, "Deprecated") => &["ImageStatus.NotAvailable"],
            _ => &["ImageStatus.NotDeprecated"],
        }
    }

    /// The answer to DeleteImage.
    fn delete_image(&self, caller: usize, id: &str) -> Expected {
        match self.images.get(id).filter(|image| image.owner == caller) {
            None => &["InvalidImageId.NotFound"],
            // Nothing shows that it is made by now, but a look.
            Some(image) if image.status == "Creating" => &["", "ImageIsCreating"],
            Some(_) => WELL,
        }
    }

    /// Whether an image needs this snapshot.
    pub(super) fn is_in_image(&self, snapshot: &str) -> bool {
        self.images.values().any(|image| image.snapshot == snapshot)
    }
}

impl Simulation {
    /// Makes or deletes an image.
    pub(super) async fn change_images(&mut self) {
        if self.model.images.len() < IMAGES && self.pick(3) > 0 {
            return self.create_image().await;
        }
        let known = &self.model.images;
        let nth = self.pick(known.len().max(1));
        let id = known.keys().nth(nth).cloned().unwrap_or_else(|| "m-none".to_owned());
        let caller = self.caller_for(known.get(&id).map(|image| image.owner));
        if self.pick(2) == 0 {
            return self.change_image(caller, &id).await;
        }
        let expected = self.model.delete_image(caller, &id);
        let ask = [("RegionId", REGION), ("ImageId", id.as_str())];
        if self.call(caller, "DeleteImage", &ask, expected).await.is_some() {
            self.model.images.remove(&id);
        }
    }

    async fn change_image(&mut self, caller: usize, id: &str) {
        let name = format!("image-{}", self.pick(4));
        let status = ["", "Deprecated", "Available"][self.pick(3)];
        let expected = self.model.change_image(caller, id, &name, status);
        let mut ask = vec![("RegionId", REGION), ("ImageId", id), ("ImageName", name.as_str())];
        ask.extend((!status.is_empty()).then_some(("Status", status)));
        if self.call(caller, "ModifyImageAttribute", &ask, expected).await.is_some() {
            let image = self.model.images.get_mut(id).unwrap();
            image.name = name;
            if !status.is_empty() {
                status.clone_into(&mut image.status);
            }
        }
    }

    async fn create_image(&mut self) {
        let snapshot = self.some_snapshot();
        let caller = self.caller_for(self.model.snapshots.get(&snapshot).map(|one| one.owner));
        let name = format!("image-{}", self.pick(4));
        let expected = self.model.create_image(caller, &snapshot, &name);
        let ask = [
            ("RegionId", REGION),
            ("DiskDeviceMapping.1.SnapshotId", snapshot.as_str()),
            ("DiskDeviceMapping.1.DiskType", "system"),
            ("Platform", "Debian"),
            ("Architecture", "x86_64"),
            ("ImageName", name.as_str()),
        ];
        let Some(reply) = self.call(caller, "CreateImage", &ask, expected).await else { return };
        let id = reply["ImageId"].as_str().unwrap().to_owned();
        let status = "Creating".to_owned();
        self.model.images.insert(id, Image { owner: caller, name, snapshot, status });
    }

    /// Every image as its owner sees it. One that is made stays so.
    pub(super) async fn look_at_images(&mut self) {
        for (id, image) in self.model.images.clone() {
            let ask = [("RegionId", REGION), ("ImageId", id.as_str()), ("Status", "ALL")];
            let reply = self.ask(image.owner, "DescribeImages", &ask).await.json;
            let shown = &reply["Images"]["Image"][0];
            assert_eq!(shown["ImageName"], image.name, "{id}");
            let status = shown["Status"].as_str().unwrap();
            let is_made = image.status == "Creating" && status == "Available";
            assert!(is_made || status == image.status, "{id} is {status}");
            self.model.images.get_mut(&id).unwrap().status = status.to_owned();
        }
    }
}
