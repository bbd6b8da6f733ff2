//! Refusals: told the same in JSON and in XML, and without any effect.

use super::{Style, TestServer};

/// An expected refusal: status, code, message.
pub(super) type Refusal<'a> = (u16, &'a str, &'a str);

impl TestServer {
    /// The request is refused in JSON and in XML, word for word, and nothing has changed.
    pub(crate) async fn expect_refusal(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        expected: Refusal<'_>,
    ) {
        let before = self.export_json();
        for style in [Style::default(), Style::XML] {
            let answer = self.call_in(style, action, parameters).await;
            let told = (answer.status, answer.code(), answer.message());
            assert_eq!(told, expected, "{action} {parameters:?} {style:?}");
            assert_eq!(answer.headers["x-acs-request-id"], answer.text_at("RequestId"));
        }
        assert_eq!(
            self.export_json(),
            before,
            "{action} {parameters:?} was refused and had an effect"
        );
    }

    /// Signs for another account from now on; gives the signer of the former one.
    pub(crate) async fn become_another_account(&mut self) -> super::Signer {
        let other = self.another_account("2000000000000002").await;
        std::mem::replace(&mut self.signer, other)
    }

    /// An Available disk, changed before anything else happens.
    pub(crate) async fn disk_with(
        &self,
        change: impl Fn(&mut domain::Disk) + Send + 'static,
    ) -> String {
        let disk = self.available_disk().await;
        self.change_disk(&disk, change).await;
        disk
    }

    /// A Stopped instance with its system disk.
    pub(crate) async fn stopped_with_system_disk(&self) -> (String, String) {
        let instance =
            self.plant_instance(|instance| instance.status = domain::InstanceStatus::Stopped).await;
        let disk = self.disk_on(&instance).await;
        self.change_disk(&disk, |disk| {
            disk.kind = domain::DiskKind::System;
            disk.attachments[0].device = "/dev/xvda".to_owned();
            disk.delete_with_instance = true;
        })
        .await;
        let id = domain::DiskId::from(disk.as_str());
        self.change_instance(&instance, move |instance| instance.system_disk = Some(id.clone()))
            .await;
        (instance, disk)
    }
}
