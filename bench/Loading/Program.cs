using System.Globalization;
using Locutor.Checkpoints;
using Locutor.Loading.Bench;

// dotnet run -c Release --project bench/Loading -- loader [MiB]
// dotnet run -c Release --project bench/Loading -- shards FOLDER BLOCKS [float32]
// dotnet run -c Release --project bench/Loading -- tokenizer spiece.model [text file]
switch (args)
{
    case ["loader", .. var rest]:
        LoaderBench.Run(rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 1024);
        return 0;
    case ["shards", var folder, var blocks, .. var rest]:
        SyntheticShards.Write(
            folder, int.Parse(blocks, CultureInfo.InvariantCulture), rest is ["float32"] ? ElementType.Float32 : ElementType.BFloat16);
        return 0;
    case ["tokenizer", var model, .. var rest]:
        TokenizerBench.Run(model, rest.Length > 0 ? rest[0] : null);
        return 0;
    default:
        Console.Error.WriteLine("expected: loader [MiB] | shards FOLDER BLOCKS [float32] | tokenizer MODEL [TEXT]");
        return 2;
}
