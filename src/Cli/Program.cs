using Locutor.Cli;
using Locutor.Cli.Commands;

return await LocutorProgram.RunAsync(args, VideoMaking.WithNetworks);
