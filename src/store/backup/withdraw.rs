//! What a restored database must not bring back to life: whatever was used or ended after the
//! backup would be as good as new.

use sea_orm::ConnectionTrait;
use time::OffsetDateTime;

use super::BackupError;

/// Ends all logins and all that came from them, and forgets sessions, codes and invitations to link.
/// Everybody signs in again; consents stay, and so do marks of single use. Links that people made go,
/// for they may have taken them back since: whoever still wants one makes it again.
pub(super) async fn grants(
    db: &impl ConnectionTrait,
    now: OffsetDateTime,
) -> Result<(), BackupError> {
    let now = now.unix_timestamp();
    for statement in [
        "DELETE FROM sessions".to_owned(),
        "DELETE FROM codes".to_owned(),
        "DELETE FROM link_invitations".to_owned(),
        "DELETE FROM accounts WHERE linked_at IS NOT NULL AND active".to_owned(),
        format!("UPDATE token_families SET revoked_at = {now} WHERE revoked_at IS NULL"),
        format!("UPDATE logins SET ended_at = {now} WHERE ended_at IS NULL"),
    ] {
        db.execute_unprepared(&statement).await?;
    }
    Ok(())
}
