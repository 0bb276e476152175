namespace Locutor.Jobs.Grains;

/// <summary>Writes of grains whose state in memory and on disk must not differ.</summary>
internal static class StoredState
{
    /// <summary>Writes the state. After a failure memory and disk may differ, so the next call finds what is on disk.</summary>
    public static async Task WriteOrReloadAsync(this IGrainBase grain, Func<Task> write)
    {
        try
        {
            await write();
        }
        catch
        {
            grain.DeactivateOnIdle();
            throw;
        }
    }
}
