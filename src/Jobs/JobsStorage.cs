namespace Locutor.Jobs;

/// <summary>Name under which the grains ask for their storage provider.</summary>
public static class JobsStorage
{
    public const string Name = "jobs";
}
