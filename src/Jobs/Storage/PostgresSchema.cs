namespace Locutor.Jobs.Storage;

/// <summary>
/// The tables and statements that Orleans' ADO.NET providers use on PostgreSQL. The providers find each statement in
/// <c>OrleansQuery</c> by its key and bind parameters with fixed names. This project wrote the statements.
/// </summary>
internal static class PostgresSchema
{
    private const string Released = """
        CREATE TABLE IF NOT EXISTS orleansquery (querykey text PRIMARY KEY, querytext text NOT NULL);
        CREATE TABLE IF NOT EXISTS grain_state (
            service text NOT NULL, kind text NOT NULL, n0 bigint NOT NULL, n1 bigint NOT NULL, id text NOT NULL,
            version integer NOT NULL, body bytea, changed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (service, kind, n0, n1, id));
        CREATE TABLE IF NOT EXISTS membership_version (
            deployment text PRIMARY KEY, version integer NOT NULL DEFAULT 0, changed_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS membership (
            deployment text NOT NULL REFERENCES membership_version, address text NOT NULL, port integer NOT NULL,
            generation integer NOT NULL, silo_name text NOT NULL, host_name text NOT NULL, status integer NOT NULL, proxy_port integer,
            suspect_times text, start_time timestamptz(3) NOT NULL, alive_time timestamptz(3) NOT NULL,
            PRIMARY KEY (deployment, address, port, generation));
        CREATE TABLE IF NOT EXISTS tokens (
            key_id text PRIMARY KEY, secret_hash text NOT NULL, webhook_secret text NOT NULL, name text NOT NULL, scopes text NOT NULL,
            created_at bigint NOT NULL, expires_at bigint, revoked_at bigint, max_queued integer);
        """;

    /// <summary>The steps of the schema, in the order in which they run.</summary>
    public static IReadOnlyList<SchemaStep> Steps { get; } = [new(Released, ReadableBy: 1), .. SharedSchema.Steps];

    private const string Member = "deployment = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation";

    private const string Row =
        "service = @ServiceId AND kind = @GrainTypeString AND n0 = @GrainIdN0 AND n1 = @GrainIdN1 AND id = " +
        "coalesce(@GrainIdExtensionString, '')";

    private const string Members = """
        SELECT v.deployment AS DeploymentId, m.address AS Address, m.port AS Port, m.generation AS Generation, m.silo_name AS SiloName,
               m.host_name AS HostName, m.status AS Status, m.proxy_port AS ProxyPort, m.suspect_times AS SuspectTimes,
               m.start_time AS StartTime, m.alive_time AS IAmAliveTime, v.version AS Version
        FROM membership_version v LEFT JOIN membership m ON m.deployment = v.deployment
        """;

    private const string CleanUp = "DELETE FROM membership WHERE deployment = @DeploymentId AND alive_time < @IAmAliveTime AND status <> 3";

    /// <summary>The statements by the keys of the providers.</summary>
    public static IReadOnlyDictionary<string, string> Statements { get; } = new Dictionary<string, string>
    {
        ["ReadFromStorageKey"] = $"SELECT body AS PayloadBinary, now() AS Now, version AS Version FROM grain_state WHERE {Row}",
        // A single statement: if two writers insert the first state at once, one of them finds the row and gets no version back.
        ["WriteToStorageKey"] = $"""
            WITH changed AS (
                UPDATE grain_state SET body = @PayloadBinary, version = version + 1, changed_at = now()
                WHERE {Row} AND version = @GrainStateVersion::integer RETURNING version),
            added AS (
                INSERT INTO grain_state (service, kind, n0, n1, id, version, body)
                SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''), 1, @PayloadBinary
                WHERE @GrainStateVersion::integer IS NULL ON CONFLICT DO NOTHING RETURNING version)
            SELECT version AS NewGrainStateVersion FROM changed UNION ALL SELECT version FROM added
            """,
        ["ClearStorageKey"] = Remove,
        ["DeleteStorageKey"] = Remove,
        ["UpdateIAmAlivetimeKey"] = $"UPDATE membership SET alive_time = @IAmAliveTime WHERE {Member}",
        ["InsertMembershipVersionKey"] = """
            WITH added AS (INSERT INTO membership_version (deployment) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1)
            SELECT count(*)::integer FROM added
            """,
        ["InsertMembershipKey"] = $"""
            WITH bumped AS ({Bump}),
            added AS (
                INSERT INTO membership (
                    deployment, address, port, generation, silo_name, host_name, status, proxy_port, start_time, alive_time)
                SELECT
                    @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
                FROM bumped
                ON CONFLICT DO NOTHING RETURNING 1)
            SELECT count(*)::integer FROM added
            """,
        ["UpdateMembershipKey"] = $"""
            WITH bumped AS ({Bump}),
            changed AS (
                UPDATE membership SET status = @Status, suspect_times = @SuspectTimes, alive_time = @IAmAliveTime
                FROM bumped WHERE {Member} RETURNING 1)
            SELECT count(*)::integer FROM changed
            """,
        [
            "MembershipReadRowKey"
        ] = $"{Members} AND m.address = @Address AND m.port = @Port AND m.generation = @Generation WHERE v.deployment = @DeploymentId",
        ["MembershipReadAllKey"] = $"{Members} WHERE v.deployment = @DeploymentId",
        [
            "DeleteMembershipTableEntriesKey"
        ] = "DELETE FROM membership WHERE deployment = @DeploymentId; DELETE FROM membership_version WHERE deployment = @DeploymentId",
        ["GatewaysQueryKey"] = """
            SELECT address AS Address, proxy_port AS ProxyPort, generation AS Generation FROM membership
            WHERE deployment = @DeploymentId AND status = @Status AND proxy_port > 0
            """,
        ["CleanupDefunctSiloEntriesKey"] = CleanUp,
        ["CleanupDefunctSiloEntryKey"] = CleanUp,
    };

    private static string Remove =>
        $"DELETE FROM grain_state WHERE {Row} AND version = @GrainStateVersion::integer RETURNING version + 1 AS NewGrainStateVersion";

    private static string Bump =>
        "UPDATE membership_version SET version = version + 1, changed_at = now() WHERE deployment = @DeploymentId AND version = " +
        "@Version RETURNING 1";
}
