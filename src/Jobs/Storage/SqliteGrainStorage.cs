using System.Globalization;
using Orleans.Storage;

namespace Locutor.Jobs.Storage;

/// <summary>
/// Stores grain state in the <c>grain_state</c> table. It writes many grains in one commit, where the ADO.NET provider would sync the
/// disk for every write.
/// </summary>
public sealed class SqliteGrainStorage(SqliteDatabase database, GroupCommit writer, StateSerializer serializer) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        using var connection = database.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT version, body FROM grain_state WHERE kind = $kind AND id = $id";
        command.Parameters.AddWithValue("$kind", stateName);
        command.Parameters.AddWithValue("$id", grainId.Key.ToString());
        using var reader = command.ExecuteReader();
        grainState.RecordExists = reader.Read();
        if (!grainState.RecordExists)
        {
            grainState.ETag = null;
            grainState.State = Activator.CreateInstance<T>();
            return Task.CompletedTask;
        }
        grainState.ETag = reader.GetInt64(0).ToString(CultureInfo.InvariantCulture);
        grainState.State = serializer.Deserialize<T>(new BinaryData((byte[])reader.GetValue(1)));
        return Task.CompletedTask;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        long expected = Version(grainState.ETag);
        var body = serializer.Serialize(grainState.State).ToMemory();
        long stored = await writer.WriteAsync(stateName, grainId.Key.ToString()!, expected, body)
            ?? throw Inconsistent(stateName, grainId, grainState.ETag);
        grainState.ETag = stored.ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        _ = await writer.WriteAsync(stateName, grainId.Key.ToString()!, Version(grainState.ETag), null)
            ?? throw Inconsistent(stateName, grainId, grainState.ETag);
        grainState.ETag = null;
        grainState.RecordExists = false;
        grainState.State = Activator.CreateInstance<T>();
    }

    private static long Version(string? tag) => tag is null ? 0 : long.Parse(tag, CultureInfo.InvariantCulture);

    private static InconsistentStateException Inconsistent(string stateName, GrainId grainId, string? tag) =>
        new($"{stateName} {grainId.Key} was changed by another activation: expected version {tag ?? "none"}");
}
