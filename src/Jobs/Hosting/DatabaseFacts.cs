using System.Data.Common;
using System.Globalization;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Storage;

namespace Locutor.Jobs.Hosting;

/// <summary>Facts about a database, for checks before a start.</summary>
/// <param name="SchemaVersion">Version of its tables.</param>
/// <param name="StoreId">Identity of the store of inputs and results that belongs to it; null when no node has named one yet.</param>
public sealed record DatabaseFacts(int SchemaVersion, string? StoreId)
{
    internal static DatabaseFacts Read(Func<DbConnection> open)
    {
        var sql = new SqlCommands(open);
        var version = Convert.ToInt32(sql.Scalar("SELECT version FROM schema_version"), CultureInfo.InvariantCulture);
        var store = sql.Scalar("SELECT body FROM grain_state WHERE kind = @kind AND id = @id", ("@kind", StoreGrain.StateName), ("@id", IStoreGrain.Key));
        return new DatabaseFacts(version, store is byte[] body ? new StateSerializer().Deserialize<StoreState>(new BinaryData(body)).Id : null);
    }
}
