//! The account on whose behalf a driver is called.
//!
//! A driver does for one account what it does for any other; but where calls wait for each other,
//! accounts take turns.

use domain::AccountId;

tokio::task_local! {
    static ACCOUNT: AccountId;
}

/// Makes calls of a driver on behalf of an account.
pub(crate) async fn on_behalf_of<T>(account: AccountId, calls: impl Future<Output = T>) -> T {
    ACCOUNT.scope(account, calls).await
}

/// The account of the present call; none if the server calls for itself.
pub(crate) fn account_of_call() -> Option<AccountId> {
    ACCOUNT.try_with(AccountId::clone).ok()
}
