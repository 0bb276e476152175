using System.Data.Common;
using System.Globalization;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Storage;

namespace Locutor.Jobs.Hosting;

/// <summary>Facts about a database, for the checks before the service starts.</summary>
/// <param name="SchemaVersion">The version of the schema.</param>
/// <param name="StoreId">The identity of the file store that belongs to the database; null when no node has registered one yet.</param>
public sealed record DatabaseFacts(int SchemaVersion, string? StoreId)
{
    internal static DatabaseFacts Read(Func<DbConnection> open)
    {
        var sql = new SqlCommands(open);
        int version = Convert.ToInt32(sql.Scalar("SELECT version FROM schema_version"), CultureInfo.InvariantCulture);
        object? store = sql.Scalar(
            "SELECT body FROM grain_state WHERE kind = @kind AND id = @id", ("@kind", StoreGrain.StateName), ("@id", IStoreGrain.Key));
        return new DatabaseFacts(
            version, store is byte[] body ? new StateSerializer().Deserialize<StoreState>(new BinaryData(body)).Id : null);
    }
}
