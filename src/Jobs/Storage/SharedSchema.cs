namespace Locutor.Jobs.Storage;

/// <summary>The steps after the first released schema, in statements that SQLite and PostgreSQL read alike.</summary>
internal static class SharedSchema
{
    /// <summary>The steps, in the order in which they run. A new one is added at the end.</summary>
    public static IReadOnlyList<SchemaStep> Steps { get; } =
    [
        new("CREATE TABLE sessions (id_hash TEXT PRIMARY KEY, key_id TEXT NOT NULL, expires_at BIGINT NOT NULL)", ReadableBy: 1),
        new("ALTER TABLE tokens ADD COLUMN cancel_jobs INTEGER NOT NULL DEFAULT 0", ReadableBy: 1),
        new(
            """
            ALTER TABLE tokens ADD COLUMN max_running INTEGER;
            ALTER TABLE tokens ADD COLUMN month_video_seconds DOUBLE PRECISION;
            ALTER TABLE tokens ADD COLUMN month_gpu_seconds DOUBLE PRECISION;
            CREATE TABLE usage (
                job_id TEXT PRIMARY KEY, key_id TEXT NOT NULL, ended_at BIGINT NOT NULL, model TEXT NOT NULL, status TEXT NOT NULL,
                video_seconds DOUBLE PRECISION NOT NULL, gpu_seconds DOUBLE PRECISION NOT NULL,
                bytes_in BIGINT NOT NULL, bytes_out BIGINT NOT NULL);
            CREATE INDEX usage_by_time ON usage (ended_at, key_id);
            """,
            ReadableBy: 1),
    ];
}
