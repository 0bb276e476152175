namespace Locutor.Jobs;

/// <summary>The name of the storage provider of the grains.</summary>
public static class JobsStorage
{
    public const string Name = "jobs";
}
