using System.Data.Common;

namespace Locutor.Jobs.Storage;

/// <summary>Runs single SQL statements, each on its own connection. Values are passed as parameters.</summary>
internal sealed class SqlCommands(Func<DbConnection> open)
{
    /// <returns>The number of rows that were changed.</returns>
    public int Execute(string sql, params (string Name, object? Value)[] values)
    {
        using var connection = open();
        using var command = Command(connection, sql, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>Returns the first value of the first row, or null.</summary>
    public object? Scalar(string sql, params (string Name, object? Value)[] values)
    {
        using var connection = open();
        using var command = Command(connection, sql, values);
        return command.ExecuteScalar() is var value && value is DBNull ? null : value;
    }

    /// <summary>Returns all rows, each converted by <paramref name="read"/>.</summary>
    public IReadOnlyList<T> Rows<T>(string sql, Func<DbDataReader, T> read, params (string Name, object? Value)[] values)
    {
        using var connection = open();
        using var command = Command(connection, sql, values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    public static DbCommand Command(DbConnection connection, string sql, params (string Name, object? Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
