using Microsoft.Data.Sqlite;

namespace Locutor.Jobs.Storage;

/// <summary>
/// Writes to SQLite from one thread. All writes that arrive while a transaction commits share the next transaction. A write completes when
/// its commit is on disk, so two hundred concurrent writers cost one disk sync instead of two hundred.
/// </summary>
public sealed class GroupCommit : IDisposable
{
    private const int LargestGroup = 512;

    private readonly Queue<Write> writes = []; // also the lock: a waiting thread of Monitor sleeps, where other queues spin and yield first
    private readonly SqliteDatabase database;
    private readonly Thread thread;
    private bool over;

    public GroupCommit(SqliteDatabase database)
    {
        this.database = database;
        thread = new Thread(Run) { IsBackground = true, Name = "jobs.db writer" };
        thread.Start();
    }

    /// <summary>
    /// Stores <paramref name="body"/>, or removes the row when it is null, if the stored version is <paramref name="expected"/>
    /// (0: there is no row yet).
    /// </summary>
    /// <returns>The new version, or null when the stored version was another one and nothing changed.</returns>
    public Task<long?> WriteAsync(string kind, string id, long expected, ReadOnlyMemory<byte>? body)
    {
        var write = new Write(kind, id, expected, body);
        lock (writes)
        {
            ObjectDisposedException.ThrowIf(over, this);
            writes.Enqueue(write);
            Monitor.Pulse(writes);
        }
        return write.Done.Task;
    }

    public void Dispose()
    {
        lock (writes)
        {
            over = true;
            Monitor.Pulse(writes);
        }
        thread.Join();
    }

    private void Run()
    {
        using var connection = database.Open();
        var group = new List<Write>(LargestGroup);
        while (Take(group))
            Commit(connection, group);
    }

    /// <summary>Waits for writes and takes all of them.</summary>
    /// <returns>Whether there are any; after the end there are none.</returns>
    private bool Take(List<Write> group)
    {
        group.Clear();
        lock (writes)
        {
            while (writes.Count == 0 && !over)
                Monitor.Wait(writes);
            while (group.Count < LargestGroup && writes.TryDequeue(out var next))
                group.Add(next);
        }
        return group.Count > 0;
    }

    private static void Commit(SqliteConnection connection, List<Write> group)
    {
        long?[] versions = new long?[group.Count];
        try
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            for (int i = 0; i < group.Count; i++)
                versions[i] = Apply(connection, transaction, group[i]);
            transaction.Commit();
        }
        catch (Exception exception)
        {
            foreach (var write in group)
                write.Done.TrySetException(new IOException($"storing {write.Kind} {write.Id} failed: {exception.Message}", exception));
            return;
        }
        for (int i = 0; i < group.Count; i++)
            group[i].Done.TrySetResult(versions[i]);
    }

    private static long? Apply(SqliteConnection connection, SqliteTransaction transaction, Write write)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$kind", write.Kind);
        command.Parameters.AddWithValue("$id", write.Id);
        if (write.Expected > 0)
            command.Parameters.AddWithValue("$version", write.Expected);
        if (write.Body is { } body)
            command.Parameters.AddWithValue("$body", body.ToArray());
        command.CommandText = (write.Body, write.Expected) switch
        {
            (null, 0) => "DELETE FROM grain_state WHERE kind = $kind AND id = $id",
            (null, _) => "DELETE FROM grain_state WHERE kind = $kind AND id = $id AND version = $version",
            (_, 0) => "INSERT INTO grain_state (kind, id, version, body) VALUES ($kind, $id, 1, $body) ON CONFLICT DO NOTHING",
            _ => "UPDATE grain_state SET version = version + 1, body = $body WHERE kind = $kind AND id = $id AND version = $version",
        };
        int changed = command.ExecuteNonQuery();
        if (write.Body is null)
            return changed > 0 || write.Expected == 0 ? 0 : null;
        return changed == 1 ? write.Expected + 1 : null;
    }

    private sealed record Write(string Kind, string Id, long Expected, ReadOnlyMemory<byte>? Body)
    {
        public TaskCompletionSource<long?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
