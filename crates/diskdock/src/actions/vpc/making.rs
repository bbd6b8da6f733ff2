//! The operation that makes a part of a network: no hypervisor has a part in it.

/// Declares the operation that makes one kind of network, under the name of its kind. A network
/// that was deleted meanwhile stays so.
macro_rules! making {
    ($(#[$doc:meta])* $name:ident { $network:ident: $id:ty }, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct $name {
            $network: $id,
        }

        impl Operation for $name {
            const KIND: &'static str = $kind;
            const TIMEOUT: Timeout = Timeout { give_up_after_s: 60 };

            fn subject(&self) -> Subject {
                Subject::default()
            }

            fn phase(&self) -> &'static str {
                "create"
            }

            async fn advance(&mut self, _: &StepContext<'_>) -> Result<Progress, TransientError> {
                Ok(Progress::Done)
            }

            fn finish(
                &self,
                _: &Outcome,
                tx: &mut dyn WriteTx,
                _: Moment,
            ) -> Result<(), StoreError> {
                let Some(mut made) = tx.get(&self.$network)? else { return Ok(()) };
                if made.made().is_ok() { tx.save(&made) } else { Ok(()) }
            }
        }
    };
}

pub(super) use making;
